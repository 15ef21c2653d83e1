// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { DaemonError } from './errors.ts';
import type { Logger } from './logger.ts';

/** What a lifecycle needs of `process`. */
export interface ProcessLike {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
  exit(code: number): unknown;
}

/** How a process starts and ends. */
export interface LifecycleOptions {
  readonly logger: Logger;
  /** The process whose signals count; the real one unless told. */
  readonly process?: ProcessLike;
  /** Signals that end the process in order; SIGTERM and SIGINT unless told. */
  readonly signals?: readonly NodeJS.Signals[];
}

/** Releases something. The signal is aborted when its time is over. */
export type Closer = (signal: AbortSignal) => void | Promise<void>;

/** The life of a process from its start to its exit. */
export interface Lifecycle {
  /** Aborted when the shutdown begins: what is under way should give up. */
  readonly signal: AbortSignal;
  /**
   * Registers what must be released at the end; the last one registered is released first.
   *
   * @param timeoutMs how long it may take; {@link DEFAULT_CLOSE_TIMEOUT_MS} unless told
   */
  onShutdown(name: string, close: Closer, timeoutMs?: number): void;
  /**
   * Starts the process: installs the handlers, runs `main`, then waits for the end. When `main` throws, what it
   * has registered is released and the exit code is 1.
   *
   * @returns the exit code, after `process.exit` was called with it
   */
  run(main: (signal: AbortSignal) => void | Promise<void>): Promise<number>;
  /**
   * Ends the process in order. A second call waits for the first.
   *
   * @param exitCode 0 unless told; 1 in any case when something could not be released
   */
  shutdown(reason: string, exitCode?: number): Promise<void>;
}

/** Draining connections takes seconds; service managers kill after 90 s, containers after 10 s. */
export const DEFAULT_CLOSE_TIMEOUT_MS = 8_000;

/** Exit code of a process that ended because something is broken. */
const EXIT_FAILURE = 1;
/** Shells report a death by signal n as 128 + n. */
const EXIT_SIGNAL_BASE = 128;

/**
 * Ties a process to its signals and its errors.
 *
 * The first SIGTERM or SIGINT releases what was registered, last first, each within its time, and exits with 0. A second
 * one exits at once with 130 or 143. An error that nobody caught is logged, then the same happens with exit code 1.
 */
export function createLifecycle(options: LifecycleOptions): Lifecycle {
  return new ProcessLifecycle(options);
}

interface Registration {
  readonly name: string;
  readonly close: Closer;
  readonly timeoutMs: number;
}

class ProcessLifecycle implements Lifecycle {
  readonly #logger: Logger;
  readonly #process: ProcessLike;
  readonly #signals: readonly NodeJS.Signals[];
  readonly #closers: Registration[] = [];
  readonly #abort = new AbortController();
  readonly #handlers = new Map<string, (...args: unknown[]) => void>();
  readonly #ended: Promise<number>;
  #end: (exitCode: number) => void = () => undefined;
  #shutdown: Promise<void> | undefined;
  #running = false;

  constructor(options: LifecycleOptions) {
    this.#logger = options.logger;
    this.#process = options.process ?? process;
    this.#signals = options.signals ?? ['SIGTERM', 'SIGINT'];
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  onShutdown(name: string, close: Closer, timeoutMs: number = DEFAULT_CLOSE_TIMEOUT_MS): void {
    this.#closers.push({ name, close, timeoutMs });
  }

  async run(main: (signal: AbortSignal) => void | Promise<void>): Promise<number> {
    if (this.#running) throw new DaemonError('ERR_DAEMON_LIFECYCLE', 'run was called twice');
    this.#running = true;
    this.#install();
    // Not awaited: a start that hangs must not keep the process from ending.
    void this.#start(main);
    const exitCode = await this.#ended;
    for (const [event, handler] of this.#handlers) this.#process.off(event, handler);
    this.#process.exit(exitCode);
    return exitCode;
  }

  shutdown(reason: string, exitCode = 0): Promise<void> {
    this.#shutdown ??= this.#release(reason, exitCode);
    return this.#shutdown;
  }

  async #start(main: (signal: AbortSignal) => void | Promise<void>): Promise<void> {
    try {
      await main(this.signal);
    } catch (error) {
      // Once the end has begun, giving up is what the start was asked to do.
      if (this.signal.aborted) return;
      this.#logger.fatal({ err: error }, 'start failed');
      await this.shutdown('start failed', EXIT_FAILURE);
    }
  }

  async #release(reason: string, exitCode: number): Promise<void> {
    this.#logger.info({ reason }, 'stopping');
    this.#abort.abort(new Error(`stopping: ${reason}`));
    let failed = false;
    // A closer may register another one; it is then the last, and next.
    for (let next = this.#closers.pop(); next !== undefined; next = this.#closers.pop()) {
      failed = !(await this.#close(next)) || failed;
    }
    const code = failed && exitCode === 0 ? EXIT_FAILURE : exitCode;
    this.#logger.info({ exitCode: code }, 'stopped');
    this.#end(code);
  }

  async #close({ name, close, timeoutMs }: Registration): Promise<boolean> {
    const deadline = new AbortController();
    const done = new AbortController();
    const late = delay(timeoutMs, 'late' as const, { signal: done.signal }).catch(
      () => 'late' as const,
    );
    try {
      const outcome = await Promise.race([this.#run(close, deadline.signal), late]);
      if (outcome === 'closed') return true;
      this.#logger.error({ closer: name, timeoutMs }, 'did not close in time');
    } catch (error) {
      this.#logger.error({ closer: name, err: error }, 'could not close');
    } finally {
      done.abort();
      deadline.abort();
    }
    return false;
  }

  async #run(close: Closer, signal: AbortSignal): Promise<'closed'> {
    await close(signal);
    return 'closed';
  }

  #install(): void {
    for (const signal of this.#signals) {
      this.#handle(signal, () => {
        this.#onSignal(signal);
      });
    }
    this.#handle('uncaughtException', (error: unknown) => {
      this.#onUncaught(error);
    });
    this.#handle('unhandledRejection', (error: unknown) => {
      this.#onUncaught(error);
    });
  }

  #handle(event: string, handler: (...args: unknown[]) => void): void {
    this.#handlers.set(event, handler);
    this.#process.on(event, handler);
  }

  #onSignal(signal: NodeJS.Signals): void {
    if (this.#shutdown === undefined) {
      void this.shutdown(signal);
      return;
    }
    this.#logger.warn({ signal }, 'second signal: exiting at once');
    this.#process.exit(EXIT_SIGNAL_BASE + constants.signals[signal]);
  }

  #onUncaught(error: unknown): void {
    this.#logger.fatal({ err: error }, 'uncaught error');
    if (this.#shutdown === undefined) void this.shutdown('uncaught error', EXIT_FAILURE);
    else this.#process.exit(EXIT_FAILURE);
  }
}
