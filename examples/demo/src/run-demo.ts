// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { describeFailure, EXIT, exitCodeOfFailure, type Terminal } from '@proofgate/cli';

import type { DemoArguments } from './arguments.ts';
import { findFreePort, isFree } from './free-port.ts';
import { readSimulator } from './read-simulator.ts';
import { printAddresses, printVerdict } from './report.ts';
import { startStack } from './run-stack.ts';
import { setStage, type Stage } from './stage.ts';
import { readRequirements, requestVerified } from './verify-host.ts';
import { writePolicy } from './write-policy.ts';

/** Lines of the stack's log that help when it does not start. */
const LOG_TAIL_LINES = 5;

/**
 * Runs the demonstration from an empty directory to a verified answer, and cleans up however it ends.
 *
 * @returns the exit code: 0 verified, otherwise as `proofgate verify`
 */
export async function runDemo(
  { once: stopAfterwards, port }: DemoArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  if (!(await isFree(port))) {
    terminal.err(`port ${String(port)} is in use; choose another: npm start -- --port <n>`);
    return EXIT.unavailable;
  }
  terminal.err('making a throw-away PKI …');
  const stage = await setStage(port, await findFreePort());
  try {
    terminal.err('starting a SIMULATED platform, launcher, app and proxy …');
    await demonstrate(stage, { port, stopAfterwards }, terminal, signal);
    return EXIT.ok;
  } catch (error) {
    if (signal.aborted) return EXIT.ok;
    terminal.err(describeFailure(error));
    terminal.err(await logTail(stage));
    return exitCodeOfFailure(error);
  } finally {
    await stage.remove();
  }
}

async function demonstrate(
  stage: Stage,
  { port, stopAfterwards }: { readonly port: number; readonly stopAfterwards: boolean },
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const stack = await startStack(stage, signal);
  try {
    await writePolicy(stage);
    terminal.err('verifying …\n');
    printVerdict(await requestVerified(await readRequirements(stage), port), terminal);
    const { collateral } = await readSimulator(stage);
    printAddresses(stage, { port, collateral }, terminal);
    if (stopAfterwards || signal.aborted) return;
    terminal.out('\n  Serving until Ctrl-C.');
    await once(signal, 'abort');
    terminal.err('\nstopping …');
  } finally {
    await stack.stop();
  }
}

async function logTail({ logFile }: Stage): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
}
