// SPDX-License-Identifier: Apache-2.0
import type { Policy } from '@proofgate/verifier';

import { memberName, policyRules } from './policy-rules.ts';

/** A policy in words. */
export interface PolicyDescription {
  /** What evidence must be like, a rule each. */
  readonly demands: readonly (readonly [what: string, acceptable: string])[];
  /** What the policy leaves open that most people would not expect to be open. */
  readonly cautions: readonly string[];
}

const WORDS: ReadonlyMap<string, string> = new Map([
  ['tee', 'the TEE is'],
  ['roots', 'it stands on the root'],
  ['tcb.accept', 'the TCB status is'],
  ['tcb.minimumEvaluationNumber', 'TCB evaluation at least'],
  ['tcb.denyAdvisories', 'none of these advisories applies'],
  ['tdx.allowAttributes', 'these TD attributes are tolerated'],
  ['tdx.serviceTds', 'these service TDs are tolerated'],
  ['snp.allowVmpl', 'these VMPLs above 0 are tolerated'],
  ['imageProfile', 'the image profile is'],
  ['platforms.fmspc', 'the platform kind (FMSPC) is'],
  ['platforms.piid', 'the machine (PIID) is'],
  ['freshness.mode', 'it is bound at least to the'],
  ['freshness.maxAge', 'it is at most this old'],
  ['allowDebug', 'debug TEEs are accepted'],
]);

/** Members with a name in them, and how they read. */
const NAMED: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/^measurements\.(.+)\.([^.]+)$/u, 'in set $1, $2 is'],
  [/^workloads\.(.+)$/u, 'workload $1 has the image'],
  [/^tcb\.grace\.(.+)$/u, 'TCB status $1 is tolerated'],
  [/^tcb\.minimumSnp\.(.+)$/u, 'SNP firmware $1 is at least'],
];

/** Says what a policy demands and what it leaves open. */
export function describePolicy(policy: Policy): PolicyDescription {
  const demands = [...policyRules(policy)].map(
    ([member, values]) => [words(member), values.join(' or ')] as const,
  );
  return { demands: [...alternatives(policy), ...demands], cautions: cautions(policy) };
}

// Of measurement sets any may match; of workloads all must run and nothing else.
function alternatives({ measurements, workloads }: Policy): [string, string][] {
  return [
    ...(measurements === undefined
      ? []
      : [row('one measurement set matches', measurements.map(({ name }) => name).join(' or '))]),
    ...(workloads === undefined
      ? []
      : [row('exactly these workloads run', [...workloads.keys()].join(' and '))]),
  ];
}

function row(what: string, acceptable: string): [string, string] {
  return [what, acceptable];
}

function words(member: string): string {
  const named = NAMED.find(([pattern]) => pattern.test(member));
  return named === undefined
    ? (WORDS.get(member) ?? `${memberName(member)} is`)
    : member.replace(...named);
}

function cautions(policy: Policy): string[] {
  const openings: readonly (readonly [open: boolean, caution: string])[] = [
    [policy.allowDebug, 'debug TEEs are accepted: the host can read their memory'],
    [
      policy.measurements === undefined,
      'no measurements are named: any software in a genuine TEE is accepted',
    ],
    [
      policy.workloads === undefined,
      'no workloads are named: whatever the measured image loads is accepted',
    ],
    [
      policy.roots?.some((root) => root.startsWith('sha256:')) === true,
      'a root is accepted that is not pinned as a vendor’s: is it a simulated platform?',
    ],
    [
      policy.freshness.mode === undefined,
      'no binding is demanded: evidence of another connection is accepted',
    ],
    [
      policy.tcb.accept.some((status) => status !== 'UpToDate'),
      'a TCB status is accepted for ever that its vendor does not call up to date',
    ],
  ];
  return openings.filter(([open]) => open).map(([, caution]) => caution);
}
