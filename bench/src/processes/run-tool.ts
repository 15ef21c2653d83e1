// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { pinned } from './pinned-command.ts';

/**
 * Runs a program to its end.
 *
 * @param input what it reads from its standard input
 * @returns what it printed
 * @throws Error with its messages when its status is not 0
 */
export async function runTool(
  commandLine: readonly [string, ...string[]],
  cpu: number | undefined,
  input = '',
): Promise<string> {
  const { command, args } = pinned(commandLine, cpu);
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [output, messages] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  if (child.exitCode === 0) return output;
  throw new Error(`${commandLine[0]} ended with ${String(child.exitCode)}: ${messages}`);
}
