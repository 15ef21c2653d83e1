// SPDX-License-Identifier: Apache-2.0
export { CA_ERRORS, CaError, type CaErrorCode } from './errors.ts';
export { loadIssuer, type Issuer, type IssuerFiles } from './issuer/load-issuer.ts';
export { encodePrivateKey, encryptPrivateKey } from './keys/encrypted-private-key.ts';
export { createLeafKey, type LeafKey } from './keys/leaf-key.ts';
export { readPrivateKey, type Passphrase } from './keys/private-key-pem.ts';
export type { IssuedLeaf } from './leaves/issue-leaf.ts';
export {
  LEAF_PROFILES,
  type AllowedExtension,
  type LeafProfile,
  type LeafPurpose,
} from './leaves/leaf-profile.ts';
export { startOfMinute, type LeafRequest } from './leaves/leaf-request.ts';
