// SPDX-License-Identifier: Apache-2.0
import { VerifierError } from '../errors.ts';
import { demandAccepted } from '../policy/apply-policy.ts';
import type {
  AppraisalOptions,
  CertificateOptions,
  EvidenceInput,
  JudgingOptions,
} from './appraisal-options.ts';
import { CheckRecorder } from './check-recorder.ts';
import { examine } from './examine.ts';
import { judgeFindings } from './judge-findings.ts';
import type { Verdict } from './verdict.ts';

/** Options of {@link verifyCertificate}. */
export interface VerifyCertificateOptions extends JudgingOptions, CertificateOptions {
  /** DER certificates as the peer presented them in the handshake, leaf first. */
  readonly chain: readonly Uint8Array[];
}

/** Options of {@link verifyEvidence}. */
export interface VerifyEvidenceOptions extends JudgingOptions, CertificateOptions {
  readonly evidence: EvidenceInput;
}

/**
 * Verifies the certificate of a TLS peer and the evidence in it: chain, quote or report, binding to the key, event
 * log, policy. The caller must have seen a TLS handshake with this certificate.
 *
 * @returns what was proved
 * @throws VerifierError and EvidenceError; {@link outcomeOf} says whether evidence or policy refused
 * @example
 * ```ts
 * const verdict = await verifyCertificate({ chain, collateral, policy, caRoots, hostname: 'app.example.com', at: new Date() });
 * console.log(verdict.evidence.tee, verdict.binding);
 * ```
 */
export async function verifyCertificate(options: VerifyCertificateOptions): Promise<Verdict> {
  return verifyEvidence({ ...options, evidence: { kind: 'certificate', chain: options.chain } });
}

/**
 * Verifies evidence in any of its forms.
 *
 * @returns what was proved
 * @throws VerifierError and EvidenceError; {@link outcomeOf} says whether evidence or policy refused
 */
export async function verifyEvidence(options: VerifyEvidenceOptions): Promise<Verdict> {
  checkPolicyGiven(options);
  const recorder = new CheckRecorder();
  const findings = await examine(options, recorder);
  const judgement = judgeFindings(findings, options, recorder);
  if (judgement.decision !== undefined) demandAccepted(judgement.decision);
  return { ...findings, ...judgement, checks: recorder.checks };
}

/**
 * Callers without a type checker may forget the policy, which must not mean that everything is allowed.
 *
 * @throws VerifierError `ERR_VERIFIER_ARGUMENT`
 */
export function checkPolicyGiven(options: Pick<AppraisalOptions, 'policy'>): void {
  const policy: unknown = options.policy;
  if (policy === 'none' || (typeof policy === 'object' && policy !== null)) return;
  throw new VerifierError(
    'ERR_VERIFIER_ARGUMENT',
    'no policy was given',
    {
      expected: "a policy from parsePolicy(), or 'none' for a verdict on the evidence alone",
    },
    'misuse',
  );
}
