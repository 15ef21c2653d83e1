// SPDX-License-Identifier: Apache-2.0
import type { QuoteClaims, SnpClaims } from '../claims.ts';
import { unionOf } from '../dcap/converge-status.ts';
import type { TcbStatus } from '../dcap/tcb-status.ts';
import { describeSnpTcb } from '../snp/snp-tcb.ts';
import { judged, passed, type PolicyCheck, refused, skipped } from './decision.ts';
import { formatSpan } from './duration.ts';
import type { Policy } from './policy.ts';
import type { PolicySubject } from './subject.ts';
import { listText } from '../list-text.ts';

/** A grace without an end in sight is an acceptance; it has to be written as one. */
export const MAX_GRACE_MS: number = 400 * 86_400_000;

/** What the vendors say about the firmware, against what the policy accepts. */
export function judgeTcb({ evidence, at }: PolicySubject, policy: Policy): PolicyCheck[] {
  return evidence.tee === 'sev-snp'
    ? [judgeSnpMinimum(evidence, policy)]
    : judgeDcapTcb(evidence, policy, at);
}

function judgeDcapTcb({ tcb }: QuoteClaims, policy: Policy, at: Date): PolicyCheck[] {
  const { minimumEvaluationNumber: minimum, denyAdvisories } = policy.tcb;
  const denied = unionOf([tcb.advisories, tcb.current?.advisories ?? []]).filter((advisory) =>
    denyAdvisories.includes(advisory),
  );
  const current =
    tcb.current === undefined
      ? []
      : [judgeStatus('tcb.current', tcb.current.status, tcb.current.date, policy, at)];
  return [
    judgeStatus('tcb.status', tcb.status, tcb.date, policy, at),
    ...current,
    minimum === undefined
      ? skipped('tcb.evaluationNumber', String(tcb.evaluationNumber))
      : judged(
          'tcb.evaluationNumber',
          'ERR_POLICY_TCB_EVALUATION',
          tcb.evaluationNumber >= minimum,
          `${minimum} or later`,
          String(tcb.evaluationNumber),
        ),
    denyAdvisories.length === 0
      ? skipped('tcb.advisories', listText(tcb.advisories, 'none'))
      : judged(
          'tcb.advisories',
          'ERR_POLICY_TCB_ADVISORY',
          denied.length === 0,
          `none of ${denyAdvisories.join(', ')}`,
          listText(denied, 'none of them'),
        ),
  ];
}

function judgeStatus(
  name: string,
  status: TcbStatus,
  tcbDate: Date,
  { tcb }: Policy,
  at: Date,
): PolicyCheck {
  const expected = tcb.accept.join(' or ');
  if (tcb.accept.includes(status)) return passed(name, expected, status);
  const grace = tcb.grace.get(status);
  const seen = `${status}, fixes up to ${tcbDate.toISOString().slice(0, 10)}`;
  if (grace === undefined) {
    const hint = 'the machine’s firmware or configuration needs an update by its operator';
    return refused(name, 'ERR_POLICY_TCB_STATUS', expected, seen, hint);
  }
  const end = grace.kind === 'until' ? grace.until : new Date(tcbDate.getTime() + grace.maxAgeMs);
  const problem = graceProblem(end, at);
  const withGrace = `${expected}, or ${status} until ${end.toISOString()}`;
  if (problem === undefined) return passed(name, withGrace, seen);
  return refused(name, 'ERR_POLICY_TCB_STATUS', withGrace, seen, problem);
}

function graceProblem(end: Date, at: Date): string | undefined {
  const left = end.getTime() - at.getTime();
  if (left < 0) return `the grace ended ${formatSpan(left)} ago`;
  if (left > MAX_GRACE_MS) {
    return `the grace ends in ${formatSpan(left)}, over ${formatSpan(MAX_GRACE_MS)}; accept the status instead`;
  }
  return undefined;
}

function judgeSnpMinimum({ tcb }: SnpClaims, policy: Policy): PolicyCheck {
  const minimum = policy.tcb.minimumSnp;
  const seen = describeSnpTcb(tcb.reported);
  if (minimum === undefined) return skipped('tcb.snp', seen);
  const good =
    // A minimum for the FMC asks for a processor that has one.
    (tcb.reported.fmc ?? -1) >= (minimum.fmc ?? -1) &&
    tcb.reported.bootLoader >= minimum.bootLoader &&
    tcb.reported.tee >= minimum.tee &&
    tcb.reported.snp >= minimum.snp &&
    tcb.reported.microcode >= minimum.microcode;
  return judged('tcb.snp', 'ERR_POLICY_TCB_MINIMUM', good, describeSnpTcb(minimum), seen);
}
