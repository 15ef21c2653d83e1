// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';

const KILLER = new URL('kill-at.mjs', import.meta.url).href;

/** How a program ended that was to be killed. */
export interface Run {
  readonly killed: boolean;
  /** Steps that a run took which was not killed. */
  readonly steps: number;
  readonly problem: string;
}

/** Runs a program that is killed at one of its operations on files; `killAt` 0 lets it finish. */
export function runKilledAt(
  killAt: number,
  program: string,
  args: readonly string[],
): Promise<Run> {
  const env = { ...process.env, PROOFGATE_KILL_AT: String(killAt) };
  return new Promise((resolve) => {
    const all = ['--import', KILLER, program, ...args];
    execFile(process.execPath, all, { env }, (error, stdout, stderr) => {
      const killed = error?.signal === 'SIGKILL';
      resolve({ killed, steps: Number(stdout), problem: error === null || killed ? '' : stderr });
    });
  });
}
