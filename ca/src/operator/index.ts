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
export { CA_FILES } from './ca-files.ts';
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
export { openOperatorCa, type OperatorCa } from './operator-ca.ts';
export { publishRevocations, type PublishedList } from './publish-revocations.ts';
export { checkReleased, readReleased, type ReleasedFiles } from './released-files.ts';
export { revokeCertificate, type RevokeOptions } from './revoke-certificate.ts';
export {
  abandonRotation,
  activateRotation,
  prepareRotation,
  retireRotation,
  type PrepareOptions,
} from './rotate-intermediary.ts';
export type { Rotation } from './rotation-history.ts';
export { trustBundleJwks, trustBundlePem, type TrustedKey } from './trust-bundle.ts';
