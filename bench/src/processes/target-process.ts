// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { TargetAnswer } from '../targets/target-program.ts';
import { pinned } from './pinned-command.ts';

/** Time that a target has to stop before it is killed, unless told. */
const STOP_MS = 10_000;

/** A server that is being measured, or that helps to measure one. */
export interface TargetProcess {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

/** How a target is started. */
export interface TargetOptions {
  /** For messages. */
  readonly name: string;
  /** Path of its program. It gets `settings` as its one argument and prints one line, a {@link TargetAnswer}. */
  readonly program: string;
  readonly settings: unknown;
  /** Core to run on; undefined for any. */
  readonly cpu: number | undefined;
  /** Time that it has to stop before it is killed. @defaultValue ten seconds */
  readonly stopMs?: number;
}

/** Starts a target and waits until it is ready. */
export async function startTarget(options: TargetOptions): Promise<TargetProcess> {
  const node = [process.execPath, options.program, JSON.stringify(options.settings)] as const;
  const { command, args } = pinned([...node], options.cpu);
  // Errors come in the answer; what else it logs costs it the writing and nobody reads it.
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const answer = await readAnswer(child.stdout);
  if ('error' in answer) throw new Error(`${options.name} did not start: ${answer.error}`);
  if (child.pid === undefined) throw new Error(`${options.name} has no process`);
  return { pid: child.pid, port: answer.port, stop: () => stop(child, options.stopMs ?? STOP_MS) };
}

async function readAnswer(output: Readable): Promise<TargetAnswer> {
  // The targets of this package print nothing else.
  for await (const line of createInterface(output)) return JSON.parse(line) as TargetAnswer;
  return { error: 'it ended without an answer' };
}

async function stop(child: ChildProcess, stopMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
  child.stdin?.end();
  await ended;
  clearTimeout(timer);
}
