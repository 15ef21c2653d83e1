// SPDX-License-Identifier: Apache-2.0
import { LOG_LINES_CONTENT_TYPE, logLineSchema, type LogLine } from '@proofgate/api';

import type { CommandContext } from '../context.ts';
import { containerPath } from '../management/container-path.ts';
import { openManagement, type ManagementArguments } from '../management/open-management.ts';
import { printableLines } from '../output/printable-lines.ts';

/** Options of `proofgate logs`. */
export interface LogsOptions extends ManagementArguments {
  readonly follow?: boolean;
  readonly stream: 'stdout' | 'stderr' | 'all';
  /** Bytes. */
  readonly tail: number;
}

/** Prints what a workload of a VM has printed, and with `follow` goes on. */
export async function logs(
  name: string,
  options: LogsOptions,
  context: CommandContext,
): Promise<void> {
  const { follow = false, stream, tail, json } = options;
  const query = `stream=${stream}&tail_bytes=${String(tail)}&follow=${String(follow)}`;
  const path = `${containerPath(name)}/logs?${query}`;
  const client = await openManagement(options, context);
  try {
    const request = { method: 'GET', path, accept: LOG_LINES_CONTENT_TYPE } as const;
    for await (const line of client.lines(request, logLineSchema)) {
      context.terminal.out(json === true ? JSON.stringify(line) : lineText(line));
    }
  } finally {
    client.close();
  }
}

function lineText({ stream, time, text }: LogLine): string {
  const before = stream === 'launcher' ? '--' : time;
  return printableLines(before === undefined ? text : `${before} ${text}`);
}
