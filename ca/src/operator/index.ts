// SPDX-License-Identifier: Apache-2.0
export { readPkcs12, type Pkcs12Contents } from '../keys/pkcs12.ts';
export { Journal, readJournalFile } from '../journal/journal.ts';
export { readJournalChain, type JournalChain } from '../journal/journal-chain.ts';
export {
  REVOCATION_REASONS,
  type JournalEntry,
  type JournalEvent,
  type RevocationReason,
} from '../journal/journal-entry.ts';
export {
  journalState,
  type IssuedCertificate,
  type JournalState,
} from '../journal/journal-state.ts';
export {
  INTERMEDIARY_FILES,
  currentSerial,
  makeCurrent,
  writeGeneration,
  type Generation,
} from './generations.ts';
export {
  issueIntermediary,
  type IssuedIntermediary,
  type IssueIntermediaryOptions,
} from './issue-intermediary.ts';
export { CA_FILES, openOperatorCa, type OperatorCa } from './operator-ca.ts';
export { publishRevocations, type PublishedList } from './publish-revocations.ts';
export { revokeCertificate, type RevokeOptions } from './revoke-certificate.ts';
export {
  activateRotation,
  prepareRotation,
  retireRotation,
  type PrepareOptions,
  type Rotation,
} from './rotate-intermediary.ts';
export { trustBundleJwks, trustBundlePem, type TrustedKey } from './trust-bundle.ts';
