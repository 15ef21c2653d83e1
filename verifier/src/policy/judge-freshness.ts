// SPDX-License-Identifier: Apache-2.0
import type { BindingKind } from '../claims.ts';
import { judged, type PolicyCheck, refused, skipped } from './decision.ts';
import { formatSpan } from './duration.ts';
import type { Policy } from './policy.ts';
import type { PolicySubject } from './subject.ts';

// A stronger binding does what a weaker one does.
const STRENGTH: Readonly<Record<BindingKind, number>> = { none: 0, certificate: 1, session: 2 };

/** How closely and how recently the evidence is tied to the connection. */
export function judgeFreshness(subject: PolicySubject, policy: Policy): PolicyCheck[] {
  const { mode, maxAgeMs } = policy.freshness;
  const name = 'freshness.binding';
  return [
    mode === undefined
      ? skipped(name, subject.binding)
      : judged(
          name,
          'ERR_POLICY_FRESHNESS',
          STRENGTH[subject.binding] >= STRENGTH[mode],
          mode,
          subject.binding,
        ),
    judgeAge(subject, maxAgeMs),
  ];
}

function judgeAge({ quoteTime, at }: PolicySubject, maxAgeMs: number | undefined): PolicyCheck {
  const name = 'freshness.age';
  const age = quoteTime === undefined ? undefined : at.getTime() - quoteTime.getTime();
  const seen = age === undefined ? 'unknown' : formatSpan(age);
  if (maxAgeMs === undefined) return skipped(name, seen);
  const expected = `at most ${formatSpan(maxAgeMs)}`;
  if (age === undefined) {
    const hint = 'a bare quote or report does not say when it was made';
    return refused(name, 'ERR_POLICY_FRESHNESS', expected, seen, hint);
  }
  return judged(name, 'ERR_POLICY_FRESHNESS', age >= 0 && age <= maxAgeMs, expected, seen);
}
