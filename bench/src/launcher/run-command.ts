// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** A program that runs. */
export interface Command {
  readonly child: Child;
  /** What it printed, once it has ended well. @throws Error with what it complained about */
  readonly ended: Promise<string>;
}

/** Starts a program of the system. */
export function startCommand(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Command {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = endOf(child, `${program} ${args.join(' ')}`);
  // It may fail before somebody waits for it.
  ended.catch(() => undefined);
  return { child, ended };
}

/** Runs a program of the system and waits for its end. */
export function runCommand(
  program: string,
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
): Promise<string> {
  return startCommand(program, args, env).ended;
}

/**
 * Waits for something that a program brings about.
 *
 * @param wait - waits for it, until the signal aborts
 * @throws what the program complained about when it ended instead
 */
export async function unlessEnded<T>(
  { ended }: Command,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const early = ended.then((output): never => {
    throw new Error(`it has ended: ${output}`);
  });
  const event = wait(over.signal);
  try {
    return await Promise.race([event, early]);
  } catch (error) {
    over.abort(error);
    await event.catch(() => undefined);
    throw error;
  }
}

async function endOf(child: Child, what: string): Promise<string> {
  const [output, complaint, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    // Sound: the arguments of this event (child_process, 'close').
    once(child, 'close') as Promise<[number | null, string | null]>,
  ]);
  if (code === 0) return output;
  throw new Error(`${what} ended with ${String(code ?? signal)}: ${complaint.trim()}`);
}
