// SPDX-License-Identifier: Apache-2.0
import type { Policy } from '@proofgate/verifier';

import { policyRules, type PolicyRules } from './policy-rules.ts';

/** A member in which two policies differ, with what each accepts; empty where a policy does not limit it. */
export interface PolicyDifference {
  readonly member: string;
  readonly left: readonly string[];
  readonly right: readonly string[];
}

/** Compares what two policies accept. */
export function comparePolicies(left: Policy, right: Policy): readonly PolicyDifference[] {
  const [a, b] = [policyRules(left), policyRules(right)];
  const members = [...new Set([...a.keys(), ...b.keys()])];
  return members.map((member) => difference(member, a, b)).filter(isDifferent);
}

function difference(member: string, left: PolicyRules, right: PolicyRules): PolicyDifference {
  return { member, left: left.get(member) ?? [], right: right.get(member) ?? [] };
}

function isDifferent({ left, right }: PolicyDifference): boolean {
  return left.length !== right.length || left.some((value, index) => value !== right[index]);
}
