// SPDX-License-Identifier: Apache-2.0
import type { ProxyErrorCode } from '../errors.ts';
import type { AccessRecord } from '../http/access-log.ts';
import {
  bucketOf,
  HANDSHAKE_BOUNDS,
  HOST_SLOT,
  HOST_SLOTS,
  REQUEST_BOUNDS,
  STATUS_CLASSES,
} from './host-layout.ts';
import {
  HANDSHAKE_SLOTS,
  METRIC_CODES,
  type MetricsReport,
  type WorkerGauges,
} from './metrics-report.ts';

/** Places of the codes. */
const CODE_INDEX: ReadonlyMap<string, number> = new Map(
  METRIC_CODES.map((code, index) => [code, index]),
);

/**
 * What a worker counts. Counting is an addition to a number in an array; everything else happens when the primary asks.
 */
export class WorkerMetrics {
  private readonly hosts = new Map<string, Float64Array>();
  private refusals = new Float64Array(METRIC_CODES.length);
  private handshakes = new Float64Array(HANDSHAKE_SLOTS);
  private finished = 0;

  /** Requests that have ended. */
  get finishedRequests(): number {
    return this.finished;
  }

  /** A request has ended. */
  request({ host, status, durationMs, bytesIn, bytesOut, code }: AccessRecord): void {
    const counts = this.countsOf(host);
    const seconds = durationMs / 1_000;
    this.finished += 1;
    add(counts, HOST_SLOT.status + statusIndex(status), 1);
    add(counts, HOST_SLOT.latency + bucketOf(REQUEST_BOUNDS, seconds), 1);
    add(counts, HOST_SLOT.latencySum, seconds);
    add(counts, HOST_SLOT.bytesIn, bytesIn);
    add(counts, HOST_SLOT.bytesOut, bytesOut);
    if (code !== undefined) this.refused(code);
  }

  /** A handshake is complete. @param ms since the connection was accepted */
  handshake(hostname: string, ms: number): void {
    add(this.countsOf(hostname), HOST_SLOT.handshakes, 1);
    add(this.handshakes, bucketOf(HANDSHAKE_BOUNDS, ms / 1_000), 1);
    add(this.handshakes, HANDSHAKE_SLOTS - 1, ms / 1_000);
  }

  /** A connection of mode `tcp` has ended. */
  tcpConnection(hostname: string, bytesIn: number, bytesOut: number): void {
    const counts = this.countsOf(hostname);
    add(counts, HOST_SLOT.tcpConnections, 1);
    add(counts, HOST_SLOT.bytesIn, bytesIn);
    add(counts, HOST_SLOT.bytesOut, bytesOut);
  }

  /** Something was refused, or has failed. */
  refused(code: ProxyErrorCode): void {
    add(this.refusals, CODE_INDEX.get(code) ?? 0, 1);
  }

  /** Hands over what was counted, and begins anew: hosts that nobody asks for any more leave nothing behind. */
  collect(ticket: number, now: WorkerGauges): MetricsReport {
    const hosts = [...this.hosts.keys()];
    const hostCounts = new Float64Array(hosts.length * HOST_SLOTS);
    [...this.hosts.values()].forEach((counts, index) => hostCounts.set(counts, index * HOST_SLOTS));
    const { refusals, handshakes } = this;
    this.hosts.clear();
    this.refusals = new Float64Array(METRIC_CODES.length);
    this.handshakes = new Float64Array(HANDSHAKE_SLOTS);
    return { kind: 'metrics', ticket, hosts, hostCounts, refusals, handshakes, now };
  }

  private countsOf(hostname: string): Float64Array {
    const known = this.hosts.get(hostname);
    if (known !== undefined) return known;
    const counts = new Float64Array(HOST_SLOTS);
    this.hosts.set(hostname, counts);
    return counts;
  }
}

/** An upstream may send any three digits; 6xx and beyond count as faults of the server. */
function statusIndex(status: number): number {
  return Math.min(Math.max(Math.floor(status / 100), 1), STATUS_CLASSES.length) - 1;
}

function add(counts: Float64Array, index: number, by: number): void {
  counts[index] = (counts[index] ?? 0) + by;
}
