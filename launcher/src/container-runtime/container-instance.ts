// SPDX-License-Identifier: Apache-2.0
import type { HostPort } from '@proofgate/api';
import type {
  ContainerEngine,
  EngineExit,
  ExecRequest,
  ExecResult,
} from '../container/container-engine.ts';
import { LauncherError } from '../errors.ts';
import type { ExitReason } from '../supervision/exit-reason.ts';
import { pause } from '../supervision/pause.ts';
import type { ContainerRecord, RunningInstance } from '../supervision/runtime.ts';
import { removeForGood, untilAvailable, type RetryContext } from './until-available.ts';

const SIGKILL = 9;

/** SIGKILL works at once, unless a process hangs in the kernel or the engine has to be restarted first. */
const KILL_DEADLINE_MS = 60_000;

/** What an instance needs. */
export interface ContainerInstanceOptions {
  readonly engine: ContainerEngine;
  readonly record: ContainerRecord;
  readonly pid: number | undefined;
  readonly address: HostPort;
  readonly retry: RetryContext;
  /** Removes what was made for this one start; called when the container is gone. */
  readonly release: () => Promise<void>;
  /** Called every few seconds while it runs. */
  readonly maintain: () => Promise<void>;
}

/** A container that runs, whoever started it. */
export class ContainerInstance implements RunningInstance {
  readonly record: ContainerRecord;
  readonly pid: number | undefined;
  readonly address: HostPort;
  readonly exited: Promise<ExitReason>;
  readonly #options: ContainerInstanceOptions;

  constructor(options: ContainerInstanceOptions) {
    this.record = options.record;
    this.pid = options.pid;
    this.address = options.address;
    this.#options = options;
    this.exited = this.#watch();
    // Whoever waits for it gets the rejection; an instance that nobody waits for must not end the launcher with it.
    this.exited.catch(() => undefined);
  }

  async stop(graceMs: number): Promise<ExitReason> {
    const over = new AbortController();
    const ended = this.exited.finally(() => {
      over.abort();
    });
    ended.catch(() => undefined);
    if (graceMs > 0) {
      await this.#kill(this.record.stopSignal, false, over.signal);
      await pause(graceMs, over.signal);
    }
    await this.#kill(SIGKILL, true, over.signal);
    const survived = pause(KILL_DEADLINE_MS, over.signal).then(() => undefined);
    const reason = await Promise.race([this.exited, survived]);
    if (reason !== undefined) return reason;
    // Not yet settled: the pause may have ended because it has.
    if (over.signal.aborted) return this.exited;
    throw new LauncherError(
      'ERR_LAUNCHER_STOP_FAILED',
      `container ${this.record.id} is still there ${String(KILL_DEADLINE_MS)} ms after SIGKILL`,
      { hint: 'look for processes in state D (waiting for a device or a network file system)' },
    );
  }

  maintain(): Promise<void> {
    return this.#options.maintain();
  }

  exec(request: ExecRequest): Promise<ExecResult> {
    return this.#options.engine.exec(this.record.id, request);
  }

  async #watch(): Promise<ExitReason> {
    const { engine, retry, release, record } = this.#options;
    const never = new AbortController().signal;
    const exit = await untilAvailable(() => engine.wait(record.id, never), retry);
    await removeForGood(() => engine.remove(record.id), retry);
    await release();
    return exitReason(exit);
  }

  /** Says nothing about a container that has ended meanwhile. */
  async #kill(signal: number, all: boolean, over: AbortSignal): Promise<void> {
    if (over.aborted) return;
    const { engine, retry, record } = this.#options;
    await untilAvailable(() => engine.kill(record.id, signal, all), retry, over).catch(
      (error: unknown) => {
        if (!over.aborted) throw error;
      },
    );
  }
}

function exitReason({ code, outOfMemory }: EngineExit): ExitReason {
  if (outOfMemory) return { kind: 'oom', code };
  return code === undefined ? { kind: 'vanished' } : { kind: 'exited', code };
}
