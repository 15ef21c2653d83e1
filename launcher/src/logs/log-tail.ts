// SPDX-License-Identifier: Apache-2.0
import { open } from 'node:fs/promises';
import { LOG_STREAMS, logPath } from './log-files.ts';
import { splitTime } from './timed-line.ts';

/** More than the longest line with its time. */
const TAIL_BYTES = 32 * 1024;

/**
 * Finds out when the last line of a log arrived, so that a reader of the container's output can go on behind it.
 *
 * @param dir - the workload's log directory
 * @returns the time; `undefined` when there is none
 */
export async function lastLogTime(dir: string): Promise<Date | undefined> {
  const paths = LOG_STREAMS.flatMap((stream) => [
    logPath(dir, stream),
    `${logPath(dir, stream)}.1`,
  ]);
  const times = await Promise.all(paths.map(lastTimeIn));
  const latest = times
    .flatMap((time) => time ?? [])
    .sort()
    .at(-1);
  return latest === undefined ? undefined : new Date(latest);
}

async function lastTimeIn(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const { bytesRead } = await file.read(tail, 0, tail.length, size - tail.length);
    const lines = tail.toString('utf8', 0, bytesRead).split('\n');
    return lines.flatMap((line) => splitTime(line).time ?? []).at(-1);
  } finally {
    await file.close();
  }
}
