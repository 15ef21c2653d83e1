// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { configfsReports, TSM_REPORT_DIRECTORY, type ConfigfsReports } from './configfs-reports.ts';
import type { TsmReportSource } from './tsm-report.ts';

/** How the kernel's reports are reached. */
export interface TsmSourceOptions {
  /** @defaultValue {@link TSM_REPORT_DIRECTORY} */
  readonly reportDir?: string;
  /** The file operations. @defaultValue those of the kernel below `reportDir` */
  readonly reports?: ConfigfsReports;
  /** How to wait between two tries. @defaultValue a timer */
  readonly sleep?: TsmReportSource['sleep'];
}

/**
 * Fills in what the options leave out.
 *
 * @param options - what differs from the real kernel
 * @returns everything that taking a report needs
 */
export function tsmReportSource(options: TsmSourceOptions): TsmReportSource {
  return {
    reports: options.reports ?? configfsReports(options.reportDir ?? TSM_REPORT_DIRECTORY),
    uniqueName: () => `proofgate-${process.pid}-${randomBytes(8).toString('hex')}`,
    sleep: options.sleep ?? ((ms, signal) => wait(ms, undefined, { signal })),
  };
}
