// SPDX-License-Identifier: Apache-2.0
import {
  isAllZero,
  type SnpReport,
  tdAttributeFlags,
  type TdReport,
  toHex,
} from '@proofgate/evidence';
import type { EvidenceClaims, TdxClaims } from '../claims.ts';
import { judged, type PolicyCheck } from './decision.ts';
import type { AllowedAttribute, Policy } from './policy.ts';
import { listText } from '../list-text.ts';

/** What a policy can allow here; {@link NOTHING_ALLOWED} is also what "no policy" is measured by. */
export type AttributeAllowance = Pick<Policy, 'allowDebug' | 'tdx' | 'snp'>;

/** The default: nothing that weakens a TEE. */
export const NOTHING_ALLOWED: AttributeAllowance = {
  allowDebug: false,
  tdx: { allowAttributes: [], serviceTds: [] },
  snp: { allowVmpl: [] },
};

/**
 * Attributes that open a TEE to its host or to others. The vendors' rules never look at them: a genuine, fully
 * patched debug TD verifies.
 */
export function judgeAttributes(
  evidence: EvidenceClaims,
  allowance: AttributeAllowance,
): PolicyCheck[] {
  const debug = judged(
    'debug',
    'ERR_POLICY_DEBUG',
    !evidence.debug || allowance.allowDebug,
    allowance.allowDebug ? 'on or off' : 'off',
    evidence.debug ? 'on: the host can read the memory' : 'off',
  );
  switch (evidence.tee) {
    case 'tdx':
      return [debug, ...judgeTd(evidence, allowance)];
    case 'sev-snp':
      return [debug, ...judgeGuest(evidence.report, allowance)];
    case 'sgx':
      return [debug];
  }
}

function judgeTd({ quote }: TdxClaims, { allowDebug, tdx }: AttributeAllowance): PolicyCheck[] {
  const flags = tdAttributeFlags(quote.body);
  const allows = (attribute: AllowedAttribute): boolean => tdx.allowAttributes.includes(attribute);
  const bound = boundServiceTds(quote.body);
  return [
    attribute(
      'td.underDebug',
      allowDebug,
      'none',
      flags.tud === 0 ? 'none' : `0x${flags.tud.toString(16)}`,
    ),
    attribute('td.septVeDisable', allows('septVeDisableOff'), 'on', onOff(flags.septVeDisable)),
    attribute('td.migratable', allows('migratable'), 'off', onOff(flags.migratable)),
    attribute('td.perfmon', allows('perfmon'), 'off', onOff(flags.perfmon)),
    attribute(
      'td.reservedBits',
      false,
      'none',
      flags.reserved === 0n ? 'none' : `0x${flags.reserved.toString(16)}`,
    ),
    judged(
      'td.serviceTd',
      'ERR_POLICY_SERVICE_TD',
      bound.every((hash) => tdx.serviceTds.includes(hash)),
      ['none', ...tdx.serviceTds].join(' or '),
      listText(bound, 'none'),
    ),
  ];
}

// A service TD, such as one for migration, can read the TD it is bound to. Report 1.5 Ex names it at launch and now.
function boundServiceTds({ mrServiceTd, extended }: TdReport): string[] {
  const hashes = [mrServiceTd, extended?.initialServiceTd, extended?.currentServiceTd];
  const bound = hashes.flatMap((hash) =>
    hash === undefined || isAllZero(hash) ? [] : toHex(hash),
  );
  return [...new Set(bound)];
}

function attribute(name: string, allowed: boolean, expected: string, seen: string): PolicyCheck {
  const good = allowed || seen === expected;
  return judged(name, 'ERR_POLICY_ATTRIBUTES', good, allowed ? 'anything' : expected, seen);
}

function onOff(bit: boolean): string {
  return bit ? 'on' : 'off';
}

// Guest policy and privilege level of SEV-SNP (AMD specification 56860, sections 4.3 and 7.3). Software at a higher
// number is under that at 0, which may be a service module of the host's operator.
function judgeGuest({ policy, vmpl }: SnpReport, { tdx, snp }: AttributeAllowance): PolicyCheck[] {
  const migratable = tdx.allowAttributes.includes('migratable');
  const levels = [0, ...snp.allowVmpl];
  return [
    attribute('snp.migrationAgent', migratable, 'off', onOff(policy.migrateMa)),
    judged(
      'snp.vmpl',
      'ERR_POLICY_ATTRIBUTES',
      levels.includes(vmpl),
      levels.join(' or '),
      String(vmpl),
    ),
  ];
}
