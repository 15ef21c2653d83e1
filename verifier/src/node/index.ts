// SPDX-License-Identifier: Apache-2.0
export { connectTls, type ConnectOptions, type UnverifiedPeer } from './connect-tls.ts';
export {
  ATTESTATION_PATH,
  fetchAttestationDocument,
  type DocumentOptions,
} from './attestation-document.ts';
export { verifiedConnect, type VerifiedConnection } from './verified-connect.ts';
export type { PeerRequirements } from './connectors/verify-peer.ts';
export { verdictOf } from './connectors/peer-verdicts.ts';
export {
  requestSessionEvidence,
  type SessionEvidenceOptions,
} from './connectors/session-evidence.ts';
export { requestKeyEvidence, type KeyEvidenceOptions } from './connectors/key-evidence.ts';
export type { ClientIdentity, OwnEvidence } from './connectors/client-identity.ts';
export { presentEvidence, type PresentOptions } from './connectors/present-evidence.ts';
export type { EvidenceQuestionOptions } from './connectors/attest-question.ts';
export type { SessionMode } from './connectors/session-answer.ts';
export type { PeerAnswer, PeerExchange, PeerRequest } from './connectors/peer-exchange.ts';
export {
  attestedHttp2Connect,
  type AttestedHttp2Options,
  type VerifiedHttp2Session,
} from './connectors/attested-http2.ts';
export { AttestedAgent } from './attested-agent.ts';
export { bundleSource, loadCollateral, readCollateralBundles } from './load-collateral.ts';
export { isLocalhost, loopbackLookup } from './loopback-lookup.ts';
