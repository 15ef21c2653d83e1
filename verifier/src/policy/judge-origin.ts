// SPDX-License-Identifier: Apache-2.0
import { toHex } from '@proofgate/evidence';
import { judged, type PolicyCheck, refused, skipped } from './decision.ts';
import type { Policy } from './policy.ts';
import type { PolicySubject } from './subject.ts';

/** Kind of TEE, trust anchor and machine. */
export function judgeOrigin({ evidence }: PolicySubject, policy: Policy): PolicyCheck[] {
  const { tee, roots } = policy;
  // Policies and verdicts write a named root differently because a verdict must not look like a vendor's.
  const root = evidence.trustAnchor.replace(/^custom:/, 'sha256:');
  return [
    tee === undefined
      ? skipped('tee', evidence.tee)
      : judged('tee', 'ERR_POLICY_TEE', tee.includes(evidence.tee), tee.join(' or '), evidence.tee),
    roots === undefined
      ? skipped('root', root)
      : judged(
          'root',
          'ERR_POLICY_ROOT',
          roots.some((accepted) => accepted === root),
          roots.join(' or '),
          root,
        ),
    ...judgePlatform(evidence, policy),
  ];
}

function judgePlatform(
  evidence: PolicySubject['evidence'],
  { platforms }: Policy,
): readonly PolicyCheck[] {
  const isIntel = evidence.tee !== 'sev-snp';
  return [
    judgeMachine('platform.fmspc', platforms.fmspc, isIntel ? evidence.platform.fmspc : undefined),
    judgeMachine(
      'platform.piid',
      platforms.piid,
      isIntel ? evidence.platform.platformInstanceId : undefined,
    ),
  ];
}

function judgeMachine(
  name: string,
  accepted: readonly string[] | undefined,
  value: Uint8Array | undefined,
): PolicyCheck {
  const seen = value === undefined ? 'none' : toHex(value);
  if (accepted === undefined) return skipped(name, seen);
  const good = value !== undefined && accepted.includes(seen);
  if (good) return judged(name, 'ERR_POLICY_PLATFORM', true, accepted.join(' or '), seen);
  return refused(
    name,
    'ERR_POLICY_PLATFORM',
    accepted.join(' or '),
    seen,
    'this is genuine evidence from a machine that the policy does not name',
  );
}
