// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { Socket } from 'node:net';

/** A program of the system. */
export interface ShellCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** What it reads from its standard input. */
  readonly input?: string;
}

/** How a program ended. */
export interface ShellResult {
  readonly status: number;
  /** What it printed, errors among it. */
  readonly output: string;
}

/** These programs take milliseconds; one that hangs in the kernel must not hang the launcher. */
const TIMEOUT_MS = 10_000;

/** The listing of one of our tables has a few kilobytes; of a set with all containers, some hundred. */
const MAX_OUTPUT_BYTES = 1024 * 1024;

/** The programs are root's, in the places of every distribution; nothing is inherited from the launcher. */
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } as const;

/** What a shell says of a program that it has not found (POSIX, "Command Search and Execution"). */
export const NOT_FOUND = 127;

/**
 * Runs programs of the system one after the other in a shell that stays. A launcher has so much memory that each fork of
 * its own stops it for milliseconds, and a start of a container needs several programs; a shell forks in a fraction of one.
 *
 * The shell ends with the launcher, however that ends: nobody writes to it any more.
 */
export class CommandShell {
  #shell: ChildProcess | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * @returns how it ended, in whatever way
   * @throws Error when it has not ended in time or prints without end: it is killed then
   */
  run(command: ShellCommand): Promise<ShellResult> {
    const done = this.#turn.then(() => this.#run(command));
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** Lets go of the shell, which ends when it has done what it was told. The next command starts another one. */
  close(): void {
    this.#shell?.stdin?.end();
    this.#shell = undefined;
  }

  /** The shell, or another one when it has ended for whatever reason. */
  #running(): ChildProcess {
    const present = this.#shell;
    if (present?.exitCode === null && present.signalCode === null) return present;
    this.#shell = start();
    return this.#shell;
  }

  async #run(command: ShellCommand): Promise<ShellResult> {
    const shell = this.#running();
    const mark = randomBytes(MARK_BYTES).toString('hex');
    try {
      const result = resultOf(shell, mark);
      shell.stdin?.write(script(command, mark));
      return await result;
    } catch (error) {
      if (this.#shell === shell) this.#shell = undefined;
      end(shell);
      throw error;
    }
  }
}

/** Nothing that a program prints is taken for its end. */
const MARK_BYTES = 16;

function start(): ChildProcess {
  // A group of its own: a signal to the launcher's terminal does not reach it, and it can be killed with what it runs.
  const shell = spawn('/bin/sh', ['-s'], {
    cwd: '/',
    env: ENVIRONMENT,
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // A shell that has ended is noticed by the end of its output.
  for (const emitter of [shell, shell.stdin, shell.stdout]) emitter?.on('error', () => undefined);
  shell.unref();
  // Sound: pipes of child processes are sockets (child_process, "options.stdio").
  for (const pipe of [shell.stdin, shell.stdout]) if (pipe instanceof Socket) pipe.unref();
  return shell;
}

function end(shell: ChildProcess): void {
  shell.stdin?.destroy();
  shell.stdout?.destroy();
  if (shell.pid === undefined || shell.exitCode !== null || shell.signalCode !== null) return;
  try {
    process.kill(-shell.pid, 'SIGKILL');
  } catch {
    // It has ended at this moment.
  }
}

/** One command, then a line with the mark and its status. */
function script({ program, args, input = '' }: ShellCommand, mark: string): string {
  const words = [program, ...args].map(quoted).join(' ');
  const body = input === '' || input.endsWith('\n') ? input : `${input}\n`;
  return `${words} 2>&1 <<'${mark}'\n${body}${mark}\nprintf '\\n%s %d\\n' ${mark} $?\n`;
}

/** POSIX, "Single-Quotes": nothing in them means anything but their end. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Reads up to the mark. */
function resultOf({ stdout }: ChildProcess, mark: string): Promise<ShellResult> {
  return new Promise((resolve, reject) => {
    let text = '';
    const leave = (): void => {
      clearTimeout(timer);
      stdout?.off('data', take).off('close', lost);
      if (stdout instanceof Socket) stdout.unref();
    };
    const fail = (message: string): void => {
      leave();
      reject(new Error(message));
    };
    const take = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      const found = text.lastIndexOf(`\n${mark} `);
      if (found >= 0 && text.endsWith('\n')) {
        leave();
        const status = Number(text.slice(found + mark.length + 2));
        resolve({ status, output: Buffer.from(text.slice(0, found), 'latin1').toString() });
      } else if (text.length > MAX_OUTPUT_BYTES) fail('it prints without end');
    };
    const lost = (): void => {
      fail('its shell has ended');
    };
    const timer = setTimeout(() => {
      fail(`it has not ended within ${String(TIMEOUT_MS)} ms`);
    }, TIMEOUT_MS);
    stdout?.on('data', take).once('close', lost);
    if (stdout instanceof Socket) stdout.ref();
    if (stdout === null || stdout.destroyed) lost();
  });
}
