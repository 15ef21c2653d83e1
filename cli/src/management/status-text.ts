// SPDX-License-Identifier: Apache-2.0
import type { ContainerStatus, PullProgress } from '@proofgate/api';

import type { ProgressRow } from '../output/progress-lines.ts';
import { byteText } from '../output/byte-text.ts';
import { printable } from '../output/printable.ts';

/** How much of a workload's image is here, from 0 to 1; `undefined` when it is not known. */
export function pullFraction(progress: PullProgress | undefined): number | undefined {
  if (progress === undefined || progress.total_bytes === 0) return undefined;
  return Math.min(1, progress.downloaded_bytes / progress.total_bytes);
}

/** The state of a workload in a word or two, with what is on its way. */
export function statusText({ status, pull_progress: own, replacement }: ContainerStatus): string {
  if (replacement === undefined) return withPercent(status, own);
  return `${status}, next ${withPercent(replacement.status, replacement.pull_progress)}`;
}

/** A workload that is being loaded, as a line of progress. */
export function progressRow(name: string, status: ContainerStatus | undefined): ProgressRow {
  if (status === undefined) return { name: printable(name), state: 'gone' };
  const { status: state, pull_progress: progress } = status.replacement ?? status;
  const fraction = pullFraction(progress);
  if (progress === undefined || fraction === undefined) return { name: printable(name), state };
  if (progress.unpacked_fraction !== undefined) {
    return { name: printable(name), state: 'unpacking', fraction: progress.unpacked_fraction };
  }
  const detail = `${byteText(progress.downloaded_bytes)} of ${byteText(progress.total_bytes)}`;
  return { name: printable(name), state, fraction, detail };
}

function withPercent(state: string, progress: PullProgress | undefined): string {
  const fraction = pullFraction(progress);
  return fraction === undefined ? state : `${state} ${String(Math.floor(fraction * 100))}%`;
}
