// SPDX-License-Identifier: Apache-2.0
import { enrolmentReportData, equalBytes, toHex, type EnrolmentBinding } from '@proofgate/evidence';
import {
  judge,
  verifyEvidence,
  type Check,
  type CollateralInput,
  type Decision,
  type Policy,
  type PolicyRoot,
  type TrustedRoot,
  type Verdict,
} from '@proofgate/verifier';
import { CaError } from '../errors.ts';

/** What a machine claims, and what it shows for it. */
export interface MachineEvidence {
  readonly binding: EnrolmentBinding;
  /** TDX quote. */
  readonly quote: Uint8Array;
  readonly collateral: CollateralInput | undefined;
  /** When the nonce that the evidence covers was given out: the evidence is younger. */
  readonly nonceIssuedAt: Date;
  readonly at: Date;
}

/**
 * Judges the evidence of a machine by a policy: it has to be genuine, made for exactly this request, and acceptable.
 *
 * @returns the decision, which accepts
 * @throws VerifierError and EvidenceError for evidence that is not genuine; CaError `ERR_CA_EVIDENCE_BINDING`;
 *   {@link RefusedByPolicy}
 */
export async function judgeMachine(evidence: MachineEvidence, policy: Policy): Promise<Decision> {
  const verdict = await verify(evidence, policy);
  checkBinding(verdict, evidence.binding);
  // The evidence covers the key of this request and a nonce of this exchange: nothing is bound more closely.
  const subject = { ...verdict, binding: 'session', quoteTime: evidence.nonceIssuedAt } as const;
  const decision = judge(subject, policy);
  if (decision.refusal !== undefined) throw new RefusedByPolicy(decision, verdict.checks);
  return decision;
}

/** A policy does not accept a machine; the decision says in every point why. */
export class RefusedByPolicy extends Error {
  readonly code: string;
  readonly checks: readonly Check[];

  constructor({ policy, refusal, checks }: Decision, before: readonly Check[]) {
    super(`policy ${policy} refuses: ${refusal?.name ?? ''}`);
    this.name = 'RefusedByPolicy';
    this.code = refusal?.code ?? '';
    this.checks = [...before, ...checks];
  }
}

function verify({ quote, collateral, at }: MachineEvidence, policy: Policy): Promise<Verdict> {
  return verifyEvidence({
    evidence: { kind: 'quote', bytes: quote },
    policy: 'none',
    roots: (policy.roots ?? ['intel']).map(trustedRoot),
    at,
    ...(collateral === undefined ? {} : { collateral }),
  });
}

function checkBinding({ evidence }: Verdict, binding: EnrolmentBinding): void {
  const expected = enrolmentReportData(binding);
  if (equalBytes(evidence.reportData, expected)) return;
  throw new CaError('ERR_CA_EVIDENCE_BINDING', 'the evidence was not made for this request', {
    expected: `report data ${toHex(expected)}`,
    seen: toHex(evidence.reportData),
    hint: 'purpose, host, key and nonce of the request must be those that the quote covers',
  });
}

/** How policies name roots. */
function trustedRoot(root: PolicyRoot): TrustedRoot {
  return root === 'intel' || root === 'amd' ? root : { sha256: root.slice('sha256:'.length) };
}
