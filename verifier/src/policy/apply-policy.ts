// SPDX-License-Identifier: Apache-2.0
import { VerifierError } from '../errors.ts';
import type { Decision } from './decision.ts';
import { judgeAttributes } from './judge-attributes.ts';
import { judgeContents } from './judge-contents.ts';
import { judgeFreshness } from './judge-freshness.ts';
import { judgeMeasurements } from './judge-measurements.ts';
import { judgeOrigin } from './judge-origin.ts';
import { judgeTcb } from './judge-tcb.ts';
import type { Policy } from './policy.ts';
import type { PolicySubject } from './subject.ts';
import { present } from '../present.ts';

/**
 * Judges verified evidence by a policy and returns the whole decision, also when it refuses: every check runs, so
 * that a person sees all that is wrong at once.
 */
export function judge(subject: PolicySubject, policy: Policy): Decision {
  const measurements = judgeMeasurements(subject.evidence, policy);
  const checks = [
    ...judgeOrigin(subject, policy),
    ...judgeAttributes(subject.evidence, policy),
    ...judgeTcb(subject, policy),
    ...measurements.checks,
    ...judgeContents(subject, policy),
    ...judgeFreshness(subject, policy),
  ];
  const refusal = checks.find((check) => check.result === 'refused');
  return {
    policy: policy.name,
    accepted: refusal === undefined,
    refusal,
    checks,
    measurementSet: measurements.matched,
    nearest: measurements.nearest,
  };
}

/**
 * Demands that a policy accepts verified evidence.
 *
 * @returns the decision, in which no check refuses
 * @throws VerifierError `ERR_POLICY_*` of family `rejected`, for the first check that refuses
 */
export function applyPolicy(subject: PolicySubject, policy: Policy): Decision {
  const decision = judge(subject, policy);
  demandAccepted(decision);
  return decision;
}

/**
 * Turns a refusal into its error.
 *
 * @throws VerifierError as {@link applyPolicy}
 */
export function demandAccepted({ policy, refusal }: Decision): void {
  if (refusal === undefined) return;
  const { code, name, expected, seen, hint } = refusal;
  throw new VerifierError(
    code,
    `policy ${policy} refuses: ${name}`,
    present({ expected, seen, hint }),
  );
}
