// SPDX-License-Identifier: Apache-2.0
export { createKeyPair, type KeyType } from '../keys/key-type.ts';
export type { CaIdentity } from './ca-request.ts';
export { createCertificateRequest, readCertificateRequest } from './certificate-request.ts';
export {
  createIntermediary,
  signIntermediary,
  type IntermediaryOptions,
  type SignIntermediaryOptions,
} from './create-intermediary.ts';
export {
  createRevocationList,
  type RevocationListOptions,
  type RevokedSerial,
} from './create-revocation-list.ts';
export { createRoot, type RootOptions } from './create-root.ts';
