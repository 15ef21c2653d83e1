// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** A command line for `spawn`. */
export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * Whether measured programs and load generators can be kept on cores of their own: `taskset` works and there are two
 * cores. Without that, results vary with where the scheduler puts things.
 */
export function canPin(): boolean {
  return availableParallelism() >= 2 && spawnSync('taskset', ['-c', '0', 'true']).status === 0;
}

/** Puts a command onto one core; as it is for `undefined`. Children inherit the core. */
export function pinned(
  commandLine: readonly [string, ...string[]],
  cpu: number | undefined,
): CommandLine {
  const [command, ...args] = commandLine;
  if (cpu === undefined) return { command, args };
  return { command: 'taskset', args: ['-c', String(cpu), command, ...args] };
}
