// SPDX-License-Identifier: Apache-2.0
import type { PlatformDescription } from '../description/platform-description.ts';
import type { TcbStatus } from '../description/tcb-documents.ts';

/** Which check must refuse. One value may cover several error codes of a verifier. */
export type RefusalArea =
  /** Structure of the quote. */
  | 'quote-format'
  | 'quote-signature'
  /** The QE report does not vouch for the attestation key. */
  | 'attestation-key'
  | 'qe-report-signature'
  /** The QE is not the one that the signed identity describes. */
  | 'qe-identity'
  /** Anchor, roles, names or signatures of a certification path. */
  | 'certificate-chain'
  | 'certificate-validity'
  | 'certificate-revoked'
  /** A revocation list that cannot be trusted. */
  | 'revocation-list'
  /** Signature, signer or dates of TCB information and QE identity. */
  | 'tcb-documents'
  /** Collateral of another platform or another kind of TEE. */
  | 'collateral-mismatch'
  /** The TDX module is unknown or not Intel's. */
  | 'tdx-module'
  /** No TCB level matches. */
  | 'tcb-level'
  /** Policy: the TD can be debugged. */
  | 'debug-td'
  /** Policy: a service TD is bound to the TD. */
  | 'service-td';

/** What a correct verifier makes of the evidence. */
export type ExpectedOutcome =
  /** The evidence is genuine and has this TCB status; a verifier may refuse `Revoked` outright, the rest is policy. */
  | { readonly kind: 'verified'; readonly tcbStatus: TcbStatus | 'TDRelaunchAdvised' }
  /** The evidence must be refused. */
  | { readonly kind: 'refused'; readonly area: RefusalArea }
  /** The evidence is genuine and UpToDate; a sensible policy must refuse what it says. */
  | { readonly kind: 'refused-by-policy'; readonly area: RefusalArea };

/** One deviation from a sound platform. */
export interface SimulatedFault {
  /** P: must pass; S: verifies with a status; N: must be refused. */
  readonly id: `${'P' | 'S' | 'N'}${number}`;
  /** What differs from a sound platform. */
  readonly differs: string;
  readonly expected: ExpectedOutcome;
  /** Puts the difference into a sound description: `createSimulatedPlatform({ alter: fault.apply })`. */
  apply(this: void, platform: PlatformDescription): void;
}
