// SPDX-License-Identifier: Apache-2.0
import { PassThrough } from 'node:stream';
import { runCommandLine, type Terminal } from '@proofgate/cli';
import type { InputStream, WatchedStream } from '../../src/context.ts';

/** What a command left behind. */
export interface Outcome {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** The time that commands see; the real evidence's collateral is long expired by then. */
export const NOW = new Date('2026-11-20T12:00:00Z');

/** What differs from a command without environment, terminal and colours. */
export interface CommandWish {
  readonly env?: Readonly<Record<string, string>>;
  readonly colour?: boolean;
  readonly now?: Date;
  /** Lines that a person types, each after the next prompt. Makes standard input a terminal. */
  readonly typed?: readonly string[];
}

/** A terminal that keeps what is written to it. */
class RecordingTerminal implements Terminal {
  readonly colour: boolean;
  readonly printed: string[] = [];
  readonly complaints: string[] = [];

  constructor(colour: boolean) {
    this.colour = colour;
  }

  out(text: string): void {
    this.printed.push(text);
  }

  err(text: string): void {
    this.complaints.push(text);
  }
}

/** Runs a command line in this process. */
export function proofgate(...args: readonly string[]): Promise<Outcome> {
  return proofgateWith({}, ...args);
}

/** Runs a command line in this process under other circumstances. */
export async function proofgateWith(
  { env = {}, colour = false, now = NOW, typed }: CommandWish,
  ...args: readonly string[]
): Promise<Outcome> {
  const terminal = new RecordingTerminal(colour);
  const exitCode = await runCommandLine(args, {
    terminal,
    env,
    ...keyboard(typed),
    now: () => now,
  });
  return { exitCode, out: terminal.printed.join('\n'), err: terminal.complaints.join('\n') };
}

/** Runs a command line that has to succeed, and returns what it printed. */
export async function proofgateOk(...args: readonly string[]): Promise<string> {
  const { exitCode, out, err } = await proofgate(...args);
  if (exitCode !== 0) throw new Error(`proofgate ${args.join(' ')} ended with ${exitCode}\n${err}`);
  return out;
}

function keyboard(typed: readonly string[] | undefined): {
  stdin: InputStream;
  stderr: WatchedStream;
} {
  const stdin = Object.assign(new PassThrough(), { isTTY: typed !== undefined });
  const stderr = new PassThrough();
  const lines = [...(typed ?? [])];
  stderr.on('data', (prompt: Buffer) => {
    if (prompt.toString().endsWith(': ')) stdin.write(lines.shift() ?? '\u0004');
  });
  return { stdin, stderr };
}
