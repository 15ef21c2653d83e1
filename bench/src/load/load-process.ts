// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { pinned } from '../processes/pinned-command.ts';
import type { LoadPlan, LoadResult } from './load-plan.ts';

/** Where a load generator runs. */
export interface LoadProcessOptions {
  /** Path of `load/main.js`. */
  readonly program: string;
  /** Core to run on, where the system can pin; undefined for any. */
  readonly cpu: number | undefined;
}

/** As `runLoad`, in a process of its own, so that the load does not take time from what it measures. */
export async function runLoadProcess(
  plan: LoadPlan,
  options: LoadProcessOptions,
): Promise<LoadResult> {
  const { command, args } = pinned([process.execPath, options.program], options.cpu);
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(plan));
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (child.exitCode !== 0) {
    throw new Error(`the load generator ended with status ${String(child.exitCode)}`);
  }
  // The program writes a LoadResult, nothing else.
  return JSON.parse(output) as LoadResult;
}
