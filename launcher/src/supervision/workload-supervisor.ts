// SPDX-License-Identifier: Apache-2.0
import type { HostPort } from '@proofgate/api';
import { backoff, type Backoff, type Logger } from '@proofgate/daemon';
import { describeExit, type ExitReason } from './exit-reason.ts';
import { monitorHealth, type HealthListener } from './health-monitor.ts';
import { healthTarget } from './health-probe.ts';
import type { MeasuredWorkload } from '../measurement/measured-workload.ts';
import { pause } from './pause.ts';
import { isSuccess, notStarted, wantsRestart } from './restart-policy.ts';
import type { InstanceRecord, PrepareProgress, RunningInstance, Runtime } from './runtime.ts';
import type { SupervisionTiming } from './supervision-timing.ts';
import type { WorkloadState, WorkloadStatus } from './workload-status.ts';

/** Spread of the restart pauses, so that workloads that died together do not all start together. */
const RESTART_JITTER = 0.2;

/** A program that fails at once would otherwise be started without end as fast as the machine can. */
const MIN_RESTART_PAUSE_MS = 10;

/** What a supervisor needs. */
export interface SupervisorOptions {
  readonly runtime: Runtime;
  readonly logger: Logger;
  readonly timing: SupervisionTiming;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Called with the record of what runs now, or `undefined`; awaited before anything else happens. */
  readonly remember: (record: InstanceRecord | undefined) => Promise<void>;
  /**
   * Called when the workload has been prepared and is about to be started for the first time; nothing starts before it
   * has returned. Called again when it throws, as often as starting is tried again.
   */
  readonly beforeFirstStart?: (signal: AbortSignal) => Promise<void>;
  /** Called after every change of the status. */
  readonly onChange?: () => void;
  /** It is on trial until {@link WorkloadSupervisor.confirm}: once it has been started, its first end is the last. */
  readonly trial?: boolean;
}

/** Keeps one workload running. Each has its own; they share nothing and never wait for each other. */
export class WorkloadSupervisor {
  readonly measured: MeasuredWorkload;
  readonly #options: SupervisorOptions;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  #state: WorkloadState = 'pending';
  #instance: RunningInstance | undefined;
  #address: HostPort | undefined;
  #progress: PrepareProgress | undefined;
  #restarts = 0;
  #lastExit: ExitReason | undefined;
  #leftover: Error | undefined;
  #life: Promise<void> | undefined;
  #trial: boolean;
  #mayStart: boolean;

  constructor(measured: MeasuredWorkload, options: SupervisorOptions) {
    this.measured = measured;
    this.#options = options;
    this.#trial = options.trial ?? false;
    this.#mayStart = options.beforeFirstStart === undefined;
    const { initial_delay: initial, max_delay: max } = measured.config.restart;
    this.#backoff = backoff({
      // The file may ask for no pause at all, and for a longest pause below the first.
      initialMs: Math.max(initial, MIN_RESTART_PAUSE_MS),
      maxMs: Math.max(initial, max, MIN_RESTART_PAUSE_MS),
      factor: 2,
      jitter: RESTART_JITTER,
      random: options.random,
    });
  }

  /**
   * Begins to supervise.
   *
   * @param adopted - what already runs, left by an earlier launcher
   */
  start(adopted?: RunningInstance): void {
    this.#life ??= this.#live(adopted);
  }

  /** Ends the trial: from here on it is started again as its policy says. */
  confirm(): void {
    this.#trial = false;
  }

  /** What is known about the workload now. */
  status(): WorkloadStatus {
    return {
      name: this.measured.config.name,
      state: this.#state,
      pid: this.#instance?.pid,
      restarts: this.#restarts,
      lastExit: this.#lastExit,
      progress: this.#progress,
      address: this.#address,
      instance: this.#instance?.record,
    };
  }

  /** What runs now. */
  get instance(): RunningInstance | undefined {
    return this.#instance;
  }

  /**
   * Ends the workload for good.
   *
   * @throws LauncherError ERR_LAUNCHER_STOP_FAILED when something of it cannot be ended
   */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#life;
    if (this.#leftover !== undefined) throw this.#leftover;
    if (this.#state !== 'failed') this.#enter('stopped');
  }

  async #live(adopted: RunningInstance | undefined): Promise<void> {
    const { restart } = this.measured.config;
    for (let instance = adopted; !this.#stop.signal.aborted; instance = undefined) {
      const startedAt = performance.now();
      const reason = await this.#runOnce(instance).catch((error: unknown) => this.#giveUp(error));
      if (reason === undefined) return;
      this.#enter(this.#stateAfter(reason));
      await this.#options.remember(undefined);
      if (this.#state !== 'pending') return;
      if (performance.now() - startedAt >= restart.reset_after) this.#backoff.reset();
      await pause(this.#backoff.next(), this.#stop.signal);
      if (!this.#stop.signal.aborted) this.#restarts += 1;
    }
  }

  #stateAfter(reason: ExitReason): WorkloadState {
    const started = this.#instance !== undefined;
    this.#instance = undefined;
    this.#progress = undefined;
    if (this.#stop.signal.aborted && reason.kind === 'not-started') return 'stopped';
    this.#lastExit = reason;
    if (this.#stop.signal.aborted) return 'stopped';
    this.#options.logger.warn({ reason }, `workload ${describeExit(reason)}`);
    if (this.#trial && started) return 'failed';
    if (wantsRestart(this.measured.config.restart.policy, reason)) return 'pending';
    return isSuccess(reason) ? 'stopped' : 'failed';
  }

  /** What cannot be ended still holds the port and the files: a second one beside it would make it worse. */
  #giveUp(error: unknown): undefined {
    this.#options.logger.error({ err: error }, 'workload cannot be ended');
    this.#leftover = error instanceof Error ? error : new Error(String(error));
    this.#enter('failed');
  }

  async #runOnce(adopted: RunningInstance | undefined): Promise<ExitReason> {
    let instance = adopted;
    try {
      instance ??= await this.#begin();
    } catch (error) {
      return notStarted(error);
    }
    this.#instance = instance;
    this.#address = instance.address ?? this.#address;
    await this.#options.remember(instance.record);
    this.#enter('running');
    return this.#watch(instance);
  }

  async #begin(): Promise<RunningInstance> {
    const { signal } = this.#stop;
    if (this.#mayStart) this.#enter('starting');
    await this.#options.runtime.prepare(this.measured, {
      signal,
      onProgress: (progress) => {
        this.#progress = progress;
        if (this.#state === 'pulling') this.#options.onChange?.();
        else this.#enter('pulling');
      },
    });
    this.#progress = undefined;
    if (!this.#mayStart) {
      this.#enter('pending');
      await this.#options.beforeFirstStart?.(signal);
      this.#mayStart = true;
    }
    // Whoever waited may have been told to stop meanwhile.
    signal.throwIfAborted();
    this.#enter('starting');
    return this.#options.runtime.start(this.measured);
  }

  /** Until it has ended, for whatever reason, with nothing of it left. */
  async #watch(instance: RunningInstance): Promise<ExitReason> {
    const over = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, over.signal]);
    void this.#maintain(instance, signal);
    try {
      const first = await Promise.race([
        instance.exited,
        aborted(signal),
        this.#readinessMissed(instance, signal),
      ]);
      if (first !== undefined && first.kind !== 'not-ready') return first;
      this.#enter('stopping');
      const reason = await instance.stop(this.measured.config.stop_grace);
      return first ?? reason;
    } finally {
      over.abort();
    }
  }

  /** Watches the health; settles only when the workload has not become ready in time. */
  async #readinessMissed(instance: RunningInstance, signal: AbortSignal): Promise<ExitReason> {
    const check = this.measured.config.health_check;
    if (check !== undefined) {
      const target = healthTarget(check, instance);
      const end = await monitorHealth(check, target, this.#healthListener(), signal);
      if (end === 'not-ready') {
        return { kind: 'not-ready', afterMs: check.readiness_timeout_seconds * 1_000 };
      }
    }
    return new Promise(() => undefined);
  }

  #healthListener(): HealthListener {
    return {
      healthy: () => {
        this.#enter('healthy');
      },
      unhealthy: (problem) => {
        this.#options.logger.warn({ problem }, 'health check failed');
        this.#enter('unhealthy');
      },
    };
  }

  async #maintain(instance: RunningInstance, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await instance.maintain().catch((error: unknown) => {
        this.#options.logger.warn({ err: error }, 'housekeeping failed');
      });
      await pause(this.#options.timing.maintainEveryMs, signal);
    }
  }

  #enter(state: WorkloadState): void {
    if (state === this.#state) return;
    this.#options.logger.info({ from: this.#state, to: state }, `workload ${state}`);
    this.#state = state;
    this.#options.onChange?.();
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    const settle = (): void => {
      resolve(undefined);
    };
    if (signal.aborted) settle();
    else signal.addEventListener('abort', settle, { once: true });
  });
}
