// SPDX-License-Identifier: Apache-2.0
import cluster, { type Worker as ClusterWorker } from 'node:cluster';
import { backoff, type Backoff, type Logger } from '@proofgate/daemon';
import type { Clock } from '../clock.ts';
import { ProxyError } from '../errors.ts';
import {
  parseWorkerMessage,
  type PrimaryMessage,
  type WorkerMessage,
  type WorkerSettings,
} from '../ipc/messages.ts';
import type { MetricsSource, MetricsTotals } from '../metrics/metrics-totals.ts';
import type { EvidenceSource } from '../quoting/pending-session.ts';
import type { SessionQuoter } from '../quoting/session-quoter.ts';
import type { Snapshot } from '../ipc/snapshot.ts';
import type { DrainTimes } from '../worker/worker.ts';

/** From fork to listening; a worker that takes longer is replaced. Loading the code takes well under a second. */
export const WORKER_START_TIMEOUT_MS = 15_000;

/**
 * From a snapshot to the worker's word that it acts on it. It takes milliseconds; a worker that takes this long serves
 * nobody, and must not come back to life with what it knew then.
 */
export const WORKER_APPLY_TIMEOUT_MS = 8_000;

/** Pauses before a dead worker is replaced. */
const RESTART = { initialMs: 100, maxMs: 10_000 } as const;

/** A worker that has lived this long starts again without a pause that earlier deaths have built up. */
const STABLE_AFTER_MS = 60_000;

/** What a worker gets beyond its drain deadline before it is killed. */
const KILL_MARGIN_MS = 2_000;

/** What the pool needs. */
export interface WorkerPoolOptions {
  readonly count: number;
  /** The program that workers run. */
  readonly entry: string;
  readonly settings: WorkerSettings;
  /** Variables that workers have beyond those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Gives workers evidence for the sessions of their clients. */
  readonly quoter: Pick<SessionQuoter, 'request' | 'cancel' | 'forget'>;
  /** Gathers what workers count. */
  readonly metrics: Pick<MetricsTotals, 'enter' | 'leave' | 'receive'>;
  /** A worker has died without having been told to. */
  readonly onDeath?: () => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/**
 * The worker processes. They share one listening socket, and the kernel decides which of them gets a connection; this
 * process holds the socket and accepts nothing.
 */
export class WorkerPool {
  private readonly options: WorkerPoolOptions;
  private readonly members: Member[] = [];
  private snapshot: Snapshot | undefined;

  constructor(options: WorkerPoolOptions) {
    this.options = options;
  }

  /** Workers that accept connections. */
  get listening(): number {
    return this.members.filter((member) => member.listening).length;
  }

  /** Process ids of the workers that live. */
  get pids(): number[] {
    return this.members.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /**
   * Starts the workers and waits until all accept connections.
   *
   * @throws ProxyError ERR_PROXY_WORKER_START with the first failure as its cause
   */
  async start(snapshot: Snapshot): Promise<void> {
    this.snapshot = snapshot;
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({
      exec: this.options.entry,
      args: [],
      execArgv: [],
      // Structured clones: snapshots contain byte arrays.
      serialization: 'advanced',
    });
    for (let index = 0; index < this.options.count; index += 1) {
      this.members.push(new Member(this.options, () => this.snapshot));
    }
    await Promise.all(this.members.map((member) => member.started));
  }

  /** Gives a snapshot to all workers, also to those that start later. */
  publish(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    for (const member of this.members) member.publish();
  }

  /**
   * Waits until no worker acts on anything older than a snapshot that was published. A worker that does not say so in
   * time is replaced.
   *
   * @param version of the snapshot
   */
  async applied(version: number): Promise<void> {
    await Promise.all(this.members.map((member) => member.applied(version)));
  }

  /** Ends all workers: in order within the times given, then by force. */
  async drain(times: DrainTimes): Promise<void> {
    await Promise.all(this.members.map((member) => member.drain(times)));
  }
}

/** Stands for no worker. */
const NO_SOURCE: WorkerSource = { answer: () => undefined, ask: () => undefined };

/** One worker, as it is known to those who talk with it. */
type WorkerSource = EvidenceSource & MetricsSource;

/** One place in the pool: a worker process, and its successor when it dies. */
class Member {
  /** Settles when the place has its first worker that listens, or that worker has failed. */
  readonly started: Promise<void>;
  listening = false;
  private readonly options: WorkerPoolOptions;
  private readonly latest: () => Snapshot | undefined;
  private readonly restart: Backoff;
  private worker: ClusterWorker | undefined;
  /** Names the worker to the quoter and to those who count. */
  private source: WorkerSource = NO_SOURCE;
  /** Has given up its privileges, so that it may have keys. */
  private trusted = false;
  /** A snapshot is being written to the worker, and whether there is a newer one to follow. */
  private writing: 'no' | 'yes' | 'then-newer' = 'no';
  private stopping = false;
  /** Of the snapshot that the worker acts on. */
  private version = -1;
  private readonly awaiting = new Set<() => void>();
  private failure = 'exited before it listened';
  private settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
  private cancelRestart: () => void = () => undefined;
  private cancelDeadline: () => void = () => undefined;

  constructor(options: WorkerPoolOptions, latest: () => Snapshot | undefined) {
    this.options = options;
    this.latest = latest;
    this.restart = backoff({ ...RESTART, random: options.random });
    this.started = new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    this.fork();
  }

  get pid(): number | undefined {
    return this.worker?.process.pid;
  }

  /**
   * Gives the latest snapshot to the worker. Each is complete and has megabytes with many hosts, so at most one is on its
   * way, and those that come meanwhile are replaced by the last of them.
   */
  publish(): void {
    const snapshot = this.latest();
    // Also to one that drains: what it still serves may have to go.
    if (!this.trusted || snapshot === undefined) return;
    if (this.writing !== 'no') {
      this.writing = 'then-newer';
      return;
    }
    this.writing = 'yes';
    const { worker } = this;
    this.send({ kind: 'snapshot', snapshot }, () => {
      if (worker !== this.worker) return;
      const newer = this.writing === 'then-newer';
      this.writing = 'no';
      if (newer) this.publish();
    });
  }

  applied(version: number): Promise<void> {
    const { worker } = this;
    // One that has no snapshot yet gets the latest.
    if (worker === undefined || !this.trusted || this.version >= version) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.options.clock.after(WORKER_APPLY_TIMEOUT_MS, () => {
        const facts = { workerPid: worker.process.pid };
        this.options.logger.error(facts, 'worker does not act on what it is told and is replaced');
        worker.process.kill('SIGKILL');
      });
      const look = (): void => {
        if (worker === this.worker && this.version < version) return;
        cancel();
        this.awaiting.delete(look);
        resolve();
      };
      this.awaiting.add(look);
    });
  }

  async drain(times: DrainTimes): Promise<void> {
    const told = this.stopping;
    this.stopping = true;
    this.cancelRestart();
    this.cancelDeadline();
    const { worker } = this;
    if (worker === undefined) return;
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const cancelKill = this.options.clock.after(times.deadlineMs + KILL_MARGIN_MS, () =>
      worker.process.kill('SIGKILL'),
    );
    // Whoever asks again may only be in more of a hurry.
    if (!told) this.send({ kind: 'drain', times });
    await exited;
    cancelKill();
  }

  private fork(): void {
    const { clock } = this.options;
    const worker = cluster.fork(this.options.environment);
    const forkedAt = clock.now().getTime();
    this.worker = worker;
    // Never to its successor, which counts its requests anew.
    const send = (message: PrimaryMessage): void => {
      if (worker === this.worker) this.send(message);
    };
    const source = { answer: send, ask: (ticket: number) => send({ kind: 'collect', ticket }) };
    this.source = source;
    worker.on('message', (value: unknown) => this.receive(worker, source, value));
    // A worker that dies while it is being written to; its exit is what counts.
    worker.on('error', () => undefined);
    worker.once('exit', (code, signal) => {
      if (clock.now().getTime() - forkedAt > STABLE_AFTER_MS) this.restart.reset();
      this.onExit(worker, code, signal);
    });
    this.cancelDeadline = clock.after(WORKER_START_TIMEOUT_MS, () => {
      this.failure = 'did not listen in time';
      worker.process.kill('SIGKILL');
    });
  }

  private receive(worker: ClusterWorker, source: WorkerSource, value: unknown): void {
    try {
      const message = parseWorkerMessage(value);
      // Its last words may arrive after it has gone; what it has counted still counts.
      if (message.kind === 'metrics') this.options.metrics.receive(source, message);
      if (worker !== this.worker) return;
      this.act(source, message);
    } catch (error) {
      this.options.logger.error({ workerPid: this.pid, err: error }, 'worker sent nonsense');
      worker.process.kill('SIGKILL');
    }
  }

  private act(source: WorkerSource, message: WorkerMessage): void {
    switch (message.kind) {
      case 'loaded':
        this.send({ kind: 'configure', settings: this.options.settings });
        break;
      case 'unprivileged':
        this.trusted = true;
        this.options.metrics.enter(source);
        this.publish();
        break;
      case 'listening':
        this.listening = true;
        this.cancelDeadline();
        this.settle?.resolve();
        this.options.logger.info({ workerPid: this.pid, port: message.port }, 'worker listens');
        break;
      case 'applied':
        this.version = Math.max(this.version, message.version);
        for (const look of [...this.awaiting]) look();
        break;
      case 'failed':
        this.failure = `${message.code}: ${message.message}`;
        break;
      case 'evidence-request':
        this.options.quoter.request(source, message);
        break;
      case 'evidence-cancel':
        this.options.quoter.cancel(source, message.ticket);
        break;
      case 'metrics':
        break;
    }
  }

  private onExit(worker: ClusterWorker, code: number | null, signal: string | null): void {
    if (worker !== this.worker) return;
    this.cancelDeadline();
    this.options.quoter.forget(this.source);
    this.options.metrics.leave(this.source);
    this.source = NO_SOURCE;
    this.worker = undefined;
    this.listening = false;
    this.trusted = false;
    this.writing = 'no';
    this.version = -1;
    for (const look of [...this.awaiting]) look();
    if (this.stopping) return;
    const { pid } = worker.process;
    this.settle?.reject(
      new ProxyError('ERR_PROXY_WORKER_START', `worker ${String(pid)} ${this.failure}`),
    );
    this.options.onDeath?.();
    const pauseMs = this.restart.next();
    this.options.logger.error({ workerPid: pid, code, signal, pauseMs }, 'worker died');
    this.cancelRestart = this.options.clock.after(pauseMs, () => this.fork());
  }

  /** @param written is also called when the channel has closed in the meantime, of which the worker's exit tells */
  private send(message: PrimaryMessage, written: () => void = () => undefined): void {
    const { worker } = this;
    if (worker?.isConnected() !== true) return;
    worker.send(message, () => written());
  }
}
