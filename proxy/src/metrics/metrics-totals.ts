// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../clock.ts';
import { HOST_SLOTS } from './host-layout.ts';
import {
  HANDSHAKE_SLOTS,
  METRIC_CODES,
  type MetricsReport,
  type WorkerGauges,
} from './metrics-report.ts';

/** A worker, as far as it counts. */
export interface MetricsSource {
  /** Asks for a report. */
  readonly ask: (ticket: number) => void;
}

/** A worker answers within a request's time; whoever wants to know does not wait for one that hangs. */
export const REPORT_TIMEOUT_MS = 1_000;

/** What a worker that is killed has counted since it was asked last is lost: this bounds how much that is. */
export const REPORT_INTERVAL_MS = 5_000;

/** What is known of a worker that lives. */
interface Reporter {
  now: WorkerGauges;
  /** Questions without an answer, and what to do when there is one, or will be none. */
  readonly awaited: Map<number, () => void>;
}

/**
 * What all workers have counted, also those that are gone: no counter ever goes back. A host that is not configured any
 * more is forgotten.
 */
export class MetricsTotals {
  /** One number for each of `METRIC_CODES`. */
  readonly refusals: Float64Array = new Float64Array(METRIC_CODES.length);
  /** Histogram, then the sum of all. */
  readonly handshakes: Float64Array = new Float64Array(HANDSHAKE_SLOTS);
  private readonly clock: Clock;
  private readonly isConfigured: (hostname: string) => boolean;
  private readonly counts = new Map<string, Float64Array>();
  private readonly reporters = new Map<MetricsSource, Reporter>();
  private tickets = 0;
  private cancelTimer: () => void = () => undefined;
  private closed = false;

  /** @param isConfigured whether there is such a host; workers may say what they like */
  constructor(clock: Clock, isConfigured: (hostname: string) => boolean) {
    this.clock = clock;
    this.isConfigured = isConfigured;
  }

  /** Counters of each host that has any, see `HOST_SLOT`. */
  get hosts(): ReadonlyMap<string, Float64Array> {
    return this.counts;
  }

  /** Sums over the workers that live, as of their last reports. */
  get now(): WorkerGauges {
    const all = [...this.reporters.values()];
    return {
      connections: all.reduce((sum, { now }) => sum + now.connections, 0),
      requests: all.reduce((sum, { now }) => sum + now.requests, 0),
    };
  }

  /** Asks all workers, and waits for their answers, but not long. */
  async update(): Promise<void> {
    await Promise.all([...this.reporters].map(([source, reporter]) => this.ask(source, reporter)));
    for (const hostname of this.counts.keys()) {
      if (!this.isConfigured(hostname)) this.counts.delete(hostname);
    }
  }

  /** Asks all workers again and again. */
  start(): void {
    this.cancelTimer = this.clock.after(REPORT_INTERVAL_MS, () => {
      void this.update().then(() => {
        if (!this.closed) this.start();
      });
    });
  }

  close(): void {
    this.closed = true;
    this.cancelTimer();
  }

  /** A worker can be asked from now on. */
  enter(source: MetricsSource): void {
    this.reporters.set(source, { now: { connections: 0, requests: 0 }, awaited: new Map() });
  }

  /** A worker is gone. */
  leave(source: MetricsSource): void {
    const reporter = this.reporters.get(source);
    this.reporters.delete(source);
    for (const settle of [...(reporter?.awaited.values() ?? [])]) settle();
  }

  /** Takes a report, also the last one of a worker that is gone by now. */
  receive(source: MetricsSource, report: MetricsReport): void {
    const { ticket, hosts, hostCounts, refusals, handshakes, now } = report;
    hosts.forEach((hostname, index) => {
      if (!this.isConfigured(hostname)) return;
      const counts = this.counts.get(hostname) ?? new Float64Array(HOST_SLOTS);
      addAll(counts, hostCounts.subarray(index * HOST_SLOTS, (index + 1) * HOST_SLOTS));
      this.counts.set(hostname, counts);
    });
    addAll(this.refusals, refusals);
    addAll(this.handshakes, handshakes);
    const reporter = this.reporters.get(source);
    if (reporter === undefined) return;
    reporter.now = now;
    reporter.awaited.get(ticket)?.();
  }

  private ask(source: MetricsSource, { awaited }: Reporter): Promise<void> {
    const ticket = (this.tickets += 1);
    return new Promise((resolve) => {
      const settle = (): void => {
        cancel();
        awaited.delete(ticket);
        resolve();
      };
      const cancel = this.clock.after(REPORT_TIMEOUT_MS, settle);
      awaited.set(ticket, settle);
      source.ask(ticket);
    });
  }
}

function addAll(counts: Float64Array, more: Float64Array): void {
  more.forEach((value, index) => {
    counts[index] = (counts[index] ?? 0) + value;
  });
}
