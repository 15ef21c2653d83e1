// SPDX-License-Identifier: Apache-2.0
import { judge } from '../policy/apply-policy.ts';
import type { Check, Decision } from '../policy/decision.ts';
import { judgeAttributes, NOTHING_ALLOWED } from '../policy/judge-attributes.ts';
import type { JudgingOptions } from './appraisal-options.ts';
import type { CheckRecorder } from './check-recorder.ts';
import type { Findings } from './verdict.ts';

/** What the policies say about evidence that holds. */
export interface Judgement {
  readonly policy: string;
  readonly decision: Decision | undefined;
  readonly shadow: Decision | undefined;
}

/**
 * Judges findings by the policy and the shadow policy and records the first one's checks. Without a policy, what any
 * policy would refuse by default is recorded as a warning.
 */
export function judgeFindings(
  findings: Findings,
  { policy, shadowPolicy }: Pick<JudgingOptions, 'policy' | 'shadowPolicy'>,
  recorder: CheckRecorder,
): Judgement {
  const shadow = shadowPolicy && judge(findings, shadowPolicy);
  if (policy === 'none') {
    recorder.add(...judgeAttributes(findings.evidence, NOTHING_ALLOWED).map(asWarning));
    return { policy, decision: undefined, shadow };
  }
  const decision = judge(findings, policy);
  recorder.add(...decision.checks);
  return { policy: policy.name, decision, shadow };
}

function asWarning(check: Check): Check {
  return check.result === 'refused' ? { ...check, result: 'warning' } : check;
}
