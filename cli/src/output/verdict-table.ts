// SPDX-License-Identifier: Apache-2.0
import type { AppraisalReport } from '@proofgate/verifier';

import { printable } from './printable.ts';
import { table } from './table.ts';

/**
 * What an appraisal proved, as a two-column table; empty when nothing was.
 *
 * @param report of an appraisal that got as far as findings, accepted or refused by a policy
 */
export function verdictTable(report: AppraisalReport): string {
  const rows = [
    ...platformRows(report),
    ...Object.entries(report.measurements ?? {}).map(([name, value]): Row => [name, value]),
    ...(report.extensions ?? []).map(({ name, value }): Row => [name, value]),
    ...(report.workloads ?? []).map(({ name, imageRef, imageDigest }): Row => [
      `workload ${name}`,
      `${imageRef}  sha256:${imageDigest}`,
    ]),
  ];
  return table(rows.map((row) => row.map(printable)));
}

type Row = readonly [name: string, value: string];

function platformRows(report: AppraisalReport): Row[] {
  const { tee, trustAnchor, binding, freshness, certificateChain } = report;
  if (tee === undefined) return [];
  const fromVendor = trustAnchor === 'intel' || trustAnchor === 'amd';
  return [
    ['TEE', fromVendor ? tee : `${tee}, NOT a vendor's root`],
    ['root', trustAnchor ?? ''],
    ['TCB', tcbText(report)],
    ['CA chain', certificateChain ?? ''],
    ['binding', binding ?? ''],
    ['quote time', freshness?.quoteTime ?? 'not bound to a time'],
  ];
}

function tcbText({ tcb }: AppraisalReport): string {
  return [tcb?.status ?? 'no status', ...(tcb?.advisories ?? [])].join(' ');
}
