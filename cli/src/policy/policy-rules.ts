// SPDX-License-Identifier: Apache-2.0
import { describeOid, toHex } from '@proofgate/evidence';
import type { Grace, Policy } from '@proofgate/verifier';

/** A policy as members and their acceptable values, in the order of the file's documentation. */
export type PolicyRules = ReadonlyMap<string, readonly string[]>;

/**
 * Everything that decides what a policy accepts, with defaults filled in and lists in one order, so that two policies
 * accept the same exactly when their rules are the same. Name and description decide nothing and are left out.
 */
export function policyRules(policy: Policy): PolicyRules {
  const rules: (readonly [string, readonly string[] | undefined])[] = [
    ['tee', policy.tee],
    ['roots', policy.roots],
    ...measurementRules(policy),
    ...tcbRules(policy),
    ['tdx.allowAttributes', policy.tdx.allowAttributes],
    ['tdx.serviceTds', policy.tdx.serviceTds],
    ['snp.allowVmpl', policy.snp.allowVmpl.map(String)],
    ...policy.extensions.map(({ oid, value }) => rule(`extensions.${oid}`, [toHex(value)])),
    ...[...(policy.workloads ?? [])].map(([name, digests]) => rule(`workloads.${name}`, digests)),
    ['imageProfile', policy.imageProfile],
    ['platforms.fmspc', policy.platforms.fmspc],
    ['platforms.piid', policy.platforms.piid],
    ['freshness.mode', asList(policy.freshness.mode)],
    ['freshness.maxAge', asList(policy.freshness.maxAgeMs, seconds)],
    ['allowDebug', [String(policy.allowDebug)]],
  ];
  return new Map(
    rules.flatMap(([member, values]) =>
      values === undefined || values.length === 0 ? [] : [[member, [...values].sort()] as const],
    ),
  );
}

/** A member as a person knows it: an extension by its name. */
export function memberName(member: string): string {
  const oid = /^extensions\.(?<oid>.+)$/u.exec(member)?.groups?.['oid'];
  const known = oid === undefined ? undefined : describeOid(oid)?.name;
  return known === undefined ? member : `${member} (${known})`;
}

type Rule = readonly [member: string, values: readonly string[] | undefined];

function rule(member: string, values: readonly string[]): Rule {
  return [member, values];
}

function measurementRules({ measurements }: Policy): Rule[] {
  return (measurements ?? []).flatMap(({ name, values }) =>
    [...values].map(([register, value]) => rule(`measurements.${name}.${register}`, [value])),
  );
}

function tcbRules({ tcb }: Policy): Rule[] {
  return [
    ['tcb.accept', tcb.accept],
    ['tcb.minimumEvaluationNumber', asList(tcb.minimumEvaluationNumber)],
    ['tcb.denyAdvisories', tcb.denyAdvisories],
    ...[...tcb.grace].map(([status, grace]) => rule(`tcb.grace.${status}`, [graceText(grace)])),
    ...Object.entries(tcb.minimumSnp ?? {}).map(([part, svn]) =>
      rule(`tcb.minimumSnp.${part}`, [String(svn)]),
    ),
  ];
}

function graceText(grace: Grace): string {
  return grace.kind === 'until'
    ? `until ${grace.until.toISOString()}`
    : `for ${seconds(grace.maxAgeMs)}`;
}

function seconds(milliseconds: number): string {
  return `${String(milliseconds / 1000)} s`;
}

function asList<Value extends string | number>(
  value: Value | undefined,
  write: (value: Value) => string = String,
): string[] | undefined {
  return value === undefined ? undefined : [write(value)];
}
