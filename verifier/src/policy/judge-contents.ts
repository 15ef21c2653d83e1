// SPDX-License-Identifier: Apache-2.0
import type { RejectionCode } from '../errors.ts';
import { describeOid, equalBytes, fromUtf8, OID, toHex } from '@proofgate/evidence';
import { judged, passed, type PolicyCheck, refused, skipped } from './decision.ts';
import type { ExtensionRule, Policy } from './policy.ts';
import type { PolicySubject } from './subject.ts';

/** Certificate extensions, image profile and workloads: what is inside the TEE. */
export function judgeContents(subject: PolicySubject, policy: Policy): PolicyCheck[] {
  return [
    ...policy.extensions.map((rule) => judgeExtension(subject, rule)),
    judgeImageProfile(subject, policy),
    judgeWorkloads(subject, policy),
  ];
}

function judgeExtension(
  { extensions, chainVerified }: PolicySubject,
  rule: ExtensionRule,
): PolicyCheck {
  const found = extensions.find((extension) => extension.oid === rule.oid);
  const seen = found === undefined ? 'no such extension' : `hex:${toHex(found.value)}`;
  const good = found !== undefined && equalBytes(found.value, rule.value);
  const name = `extension ${describeOid(rule.oid)?.name ?? rule.oid}`;
  return judgeClaim(
    { name, code: 'ERR_POLICY_EXTENSION', expected: rule.text, seen },
    good,
    chainVerified,
  );
}

/** Extensions are claims of whoever issued the certificate: REPORTDATA covers its key, not what else it says. */
function judgeClaim(
  { name, code, expected, seen }: Claim,
  good: boolean,
  chainVerified: boolean,
): PolicyCheck {
  if (!good || chainVerified) return judged(name, code, good, expected, seen);
  const hint =
    'name the root of the private PKI: without it, anybody may have issued this certificate';
  return refused(name, code, expected, `${seen}, for which nobody vouches`, hint);
}

interface Claim {
  readonly name: string;
  readonly code: RejectionCode;
  readonly expected: string;
  readonly seen: string;
}

function judgeImageProfile(
  { extensions, chainVerified }: PolicySubject,
  policy: Policy,
): PolicyCheck {
  const found = extensions.find((extension) => extension.oid === OID.imageProfile);
  // RA-TLS v1 ignores white space around the profile.
  const profile = found === undefined ? undefined : fromUtf8(found.value).trim();
  const code = 'ERR_POLICY_IMAGE_PROFILE';
  if (policy.imageProfile !== undefined) {
    const good = profile !== undefined && policy.imageProfile.includes(profile);
    const expected = policy.imageProfile.join(' or ');
    const claim = { name: 'imageProfile', code, expected, seen: profile ?? 'none' } as const;
    return judgeClaim(claim, good, chainVerified);
  }
  // RA-TLS v1: without a word about profiles, an image that calls itself something else is not accepted.
  const good = profile === undefined || profile === 'production' || policy.allowDebug;
  return judged('imageProfile', code, good, 'production, or none', profile ?? 'none');
}

function judgeWorkloads({ workloads }: PolicySubject, policy: Policy): PolicyCheck {
  const name = 'workloads';
  const code = 'ERR_POLICY_WORKLOAD';
  const seen = workloads?.map((workload) => `${workload.name}=${digestOf(workload)}`).join(', ');
  if (policy.workloads === undefined) return skipped(name, seen ?? 'no event log');
  const expected = [...policy.workloads]
    .map(([workload, digests]) => `${workload}=${digests.join('|')}`)
    .join(', ');
  if (workloads === undefined) {
    const hint = 'the host’s attestation document carries the log; verify with it';
    return refused(name, code, expected, 'no event log', hint);
  }
  const problems = workloadProblems(workloads, policy.workloads);
  if (problems.length === 0) return passed(name, expected, seen ?? '');
  return refused(name, code, expected, seen === '' ? 'none' : (seen ?? ''), problems.join('; '));
}

function workloadProblems(
  running: NonNullable<PolicySubject['workloads']>,
  accepted: NonNullable<Policy['workloads']>,
): string[] {
  const missing = [...accepted.keys()].filter(
    (name) => !running.some((workload) => workload.name === name),
  );
  const wrong = running.filter(
    (workload) => accepted.get(workload.name)?.includes(digestOf(workload)) !== true,
  );
  return [
    ...missing.map((name) => `${name} does not run`),
    ...wrong.map(({ name }) =>
      accepted.has(name) ? `${name} runs another image` : `${name} is not in the policy`,
    ),
  ];
}

function digestOf(workload: { readonly imageDigest: string }): string {
  return `sha256:${workload.imageDigest}`;
}
