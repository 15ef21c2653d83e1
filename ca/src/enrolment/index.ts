// SPDX-License-Identifier: Apache-2.0
export { orderFromService, serveCaOrders, type CaOrder, type OrderedList } from './admin-socket.ts';
export { type CaAddress } from './ca-client.ts';
export { type ServiceRequirements } from './judge-service.ts';
export {
  enrol,
  type EnrolledIntermediary,
  type EnrolOptions,
  type EvidenceSource,
} from './enrol.ts';
export { EnrolmentAuthority, type EnrolmentAuthorityOptions } from './enrolment-authority.ts';
export { readEnrolmentConfig, type EnrolmentConfig } from './enrolment-config.ts';
export { type EnrolmentRule } from './enrolment-rule.ts';
export {
  IDENTITY_CHECK_MS,
  serveEnrolment,
  type EnrolmentServer,
  type EnrolmentServerOptions,
} from './enrolment-server.ts';
export { NONCE_LIFETIME_MS } from './nonce-book.ts';
export { enrolmentOpenApi } from './openapi.ts';
export { REVOCATIONS_CHECK_MS, Revocations, type RevocationsOptions } from './revocations.ts';
export { serverIdentities, type ServerIdentity, type ServiceEvidence } from './server-identity.ts';
export { encryptedFileKeyStore, fileKeyStore } from '../keys/store/file-key-store.ts';
export { type KeyStore } from '../keys/store/key-store.ts';
export { memoryKeyStore } from '../keys/store/memory-key-store.ts';
export { sealedKeyStore, type SealingKey } from '../keys/store/sealed-key-store.ts';
