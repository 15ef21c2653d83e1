// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess as NodeChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { backoff, type Backoff } from './backoff.ts';
import { DaemonError } from './errors.ts';
import type { Logger } from './logger.ts';

/** What a supervised process is and when it counts as ready. */
export interface ChildProcessOptions {
  /** As it appears in the log. */
  readonly name: string;
  /** Program, absolute or found in PATH; no shell reads it. */
  readonly command: string;
  readonly args?: readonly string[];
  /** The child's whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly logger: Logger;
  /** Where the child's output goes, byte by byte. */
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Resolves when the child does its work; the signal is aborted when it ended or its time is over. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
  /** {@link DEFAULT_READY_TIMEOUT_MS} unless told. */
  readonly readyTimeoutMs?: number;
  /** Waits between restarts; half a second to half a minute unless told. */
  readonly restartDelays?: Backoff;
  /** Uptime after which the waits start again from the first; {@link STABLE_UPTIME_MS} unless told. */
  readonly stableUptimeMs?: number;
  /** From the stop signal to SIGKILL; {@link DEFAULT_STOP_GRACE_MS} unless told. */
  readonly graceMs?: number;
}

/** How a process ended: a code, or the signal that killed it. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it never started. */
  readonly error?: Error;
}

/** A cold start of Node on a busy machine, with a margin. */
export const DEFAULT_READY_TIMEOUT_MS = 30_000;
/** More than a process of ours may take to close what it holds. */
export const DEFAULT_STOP_GRACE_MS = 10_000;
/** A child that stayed up this long was well: its next crash counts as the first. */
export const STABLE_UPTIME_MS = 60_000;

const FIRST_RESTART_MS = 500;
const LONGEST_RESTART_MS = 30_000;

/**
 * A long-running process of ours, kept running: one that ends by itself is started again after a growing wait, until it
 * is stopped.
 *
 * @example
 * const child = new ChildProcess({ name: 'proxy', command: process.execPath, args, env, logger, stdout, stderr, ready });
 * await child.start();
 * await child.stop();
 */
export class ChildProcess {
  readonly #options: ChildProcessOptions;
  readonly #delays: Backoff;
  readonly #stopping = new AbortController();
  #current: RunningChild | undefined;
  #supervision: Promise<void> | undefined;

  constructor(options: ChildProcessOptions) {
    this.#options = options;
    this.#delays =
      options.restartDelays ?? backoff({ initialMs: FIRST_RESTART_MS, maxMs: LONGEST_RESTART_MS });
  }

  /** The id of the process that runs now. */
  get pid(): number | undefined {
    return this.#current?.process.pid;
  }

  /**
   * Starts the process and waits until it is ready. The first start is not repeated: what fails at once is a mistake in
   * how it is called.
   *
   * @throws DaemonError `ERR_DAEMON_CHILD_EXITED`, `ERR_DAEMON_CHILD_NOT_READY`, or `ERR_DAEMON_CHILD_STATE` when it was
   *   started before; what `ready` throws
   */
  async start(): Promise<void> {
    if (this.#current !== undefined || this.#stopping.signal.aborted) {
      throw new DaemonError('ERR_DAEMON_CHILD_STATE', `${this.#options.name} was started before`);
    }
    const child = await this.#launch();
    this.#supervision = this.#supervise(child);
  }

  /**
   * Ends the process: a signal, then SIGKILL when its time is over. It is not started again.
   *
   * @returns when the process is gone
   */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#stopping.abort();
    if (this.#current !== undefined) await this.#end(this.#current, signal);
    await this.#supervision;
  }

  async #launch(): Promise<RunningChild> {
    const { name, ready, readyTimeoutMs = DEFAULT_READY_TIMEOUT_MS } = this.#options;
    const child = spawnChild(this.#options);
    this.#current = child;
    const timeout = AbortSignal.timeout(readyTimeoutMs);
    const giveUp = AbortSignal.any([timeout, child.ended]);
    try {
      await Promise.race([ready(giveUp), rejectWhen(giveUp)]);
      this.#options.logger.info({ child: name, pid: child.process.pid }, 'child is ready');
      return child;
    } catch (cause) {
      const exitedBefore = child.ended.aborted;
      await this.#end(child, 'SIGTERM');
      if (exitedBefore) {
        const exit = await child.exit;
        const message = `${name} ended before it was ready: ${describeExit(exit)}`;
        throw new DaemonError('ERR_DAEMON_CHILD_EXITED', message, { cause: exit.error ?? cause });
      }
      if (!timeout.aborted) throw cause;
      const message = `${name} was not ready within ${String(readyTimeoutMs)} ms`;
      throw new DaemonError('ERR_DAEMON_CHILD_NOT_READY', message, { cause });
    }
  }

  async #supervise(first: RunningChild): Promise<void> {
    const { name, logger, stableUptimeMs = STABLE_UPTIME_MS } = this.#options;
    let child: RunningChild | undefined = first;
    while (!this.#stopping.signal.aborted) {
      if (child !== undefined) {
        const exit = await child.exit;
        if (this.#stopping.signal.aborted) return;
        logger.error({ child: name, exit: describeExit(exit) }, 'child ended by itself');
        if (performance.now() - child.startedAt >= stableUptimeMs) this.#delays.reset();
      }
      await this.#pause();
      // Asked again right before the start: whatever ends between the two would start a process that nobody stops.
      if (this.#stopping.signal.aborted) return;
      child = await this.#launch().catch((error: unknown) => {
        logger.error({ child: name, err: error }, 'child could not be restarted');
        return undefined;
      });
    }
  }

  async #pause(): Promise<void> {
    const { signal } = this.#stopping;
    await delay(this.#delays.next(), undefined, { signal }).catch(ignoreAbort);
  }

  async #end(child: RunningChild, signal: NodeJS.Signals): Promise<void> {
    if (child.ended.aborted) return;
    child.process.kill(signal);
    const { graceMs = DEFAULT_STOP_GRACE_MS, name, logger } = this.#options;
    await delay(graceMs, undefined, { signal: child.ended }).catch(ignoreAbort);
    if (!child.ended.aborted) {
      logger.warn({ child: name, graceMs }, 'child did not end in time: killing it');
      child.process.kill('SIGKILL');
    }
    await child.exit;
  }
}

interface RunningChild {
  readonly process: NodeChildProcess;
  readonly startedAt: number;
  /** How it ended, once it has. */
  readonly exit: Promise<ChildExit>;
  /** Aborted when it has ended. */
  readonly ended: AbortSignal;
}

function spawnChild(options: ChildProcessOptions): RunningChild {
  const { command, args = [], env, cwd, stdout, stderr } = options;
  const process = spawn(command, [...args], {
    env: { ...env },
    // Standard input stays open and empty: it ends when this process does, however that happens, and a child that
    // watches it is then not left behind.
    stdio: ['pipe', 'pipe', 'pipe'],
    // A session of its own: Ctrl-C in a terminal reaches every process of the group, and a child that hears it beside its
    // parent's own request to stop would take that for the second signal, which ends it at once.
    detached: true,
    ...(cwd === undefined ? {} : { cwd }),
  });
  process.stdout.pipe(stdout, { end: false });
  process.stderr.pipe(stderr, { end: false });
  const ended = new AbortController();
  const exit = new Promise<ChildExit>((resolve) => {
    process.once('exit', (code, signal) => {
      resolve({ code, signal });
    });
    process.once('error', (error) => {
      // Also emitted when a signal cannot be delivered; only a child that never started has no id.
      if (process.pid === undefined) resolve({ code: null, signal: null, error });
    });
  });
  void exit.then(() => {
    ended.abort();
  });
  return { process, startedAt: performance.now(), exit, ended: ended.signal };
}

function rejectWhen(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const refuse = (): void => {
      reject(asError(signal.reason));
    };
    if (signal.aborted) refuse();
    else signal.addEventListener('abort', refuse, { once: true });
  });
}

function ignoreAbort(): void {
  // The wait is over either way.
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

function describeExit({ code, signal, error }: ChildExit): string {
  if (error !== undefined) return error.message;
  return signal === null ? `exit code ${String(code)}` : `signal ${signal}`;
}
