// SPDX-License-Identifier: Apache-2.0
import { PROXY_ERRORS, type ProxyErrorCode } from '../errors.ts';
import { HANDSHAKE_BOUNDS, HOST_SLOTS } from './host-layout.ts';

/** What a worker has counted since it was asked last, and what it has now. */
export interface MetricsReport {
  readonly kind: 'metrics';
  /** Number of the question. */
  readonly ticket: number;
  readonly hosts: readonly string[];
  /** {@link HOST_SLOTS} numbers for each of the hosts, one after the other. */
  readonly hostCounts: Float64Array;
  /** One number for each of {@link METRIC_CODES}. */
  readonly refusals: Float64Array;
  /** Histogram, then the sum of all. */
  readonly handshakes: Float64Array;
  readonly now: WorkerGauges;
}

/** What a worker has at this moment. */
export interface WorkerGauges {
  readonly connections: number;
  /** Requests and tunnels of HTTP that have not ended. */
  readonly requests: number;
}

/** All codes, in the order of their counters. */
export const METRIC_CODES: readonly ProxyErrorCode[] =
  // Sound: these are the keys of that very table.
  Object.keys(PROXY_ERRORS) as ProxyErrorCode[];

/** Numbers of the handshake histogram. */
export const HANDSHAKE_SLOTS: number = HANDSHAKE_BOUNDS.length + 2;

/** As many hosts as a gateway state and a config file can name, with those that have just gone. */
const MAX_REPORTED_HOSTS = 10_000;

type Fields = Readonly<Record<string, unknown>>;

/** Reads a worker's report, field by field; `undefined` for anything that is not exactly one. */
export function readMetricsReport(fields: Fields): MetricsReport | undefined {
  const { kind, ticket, hosts, hostCounts, refusals, handshakes } = fields;
  const now = readGauges(fields['now']);
  if (kind !== 'metrics' || !isCount(ticket) || now === undefined) return undefined;
  if (!Array.isArray(hosts) || hosts.length > MAX_REPORTED_HOSTS) return undefined;
  if (!hosts.every((host): host is string => typeof host === 'string')) return undefined;
  if (!isCounts(hostCounts, hosts.length * HOST_SLOTS)) return undefined;
  if (!isCounts(refusals, METRIC_CODES.length)) return undefined;
  if (!isCounts(handshakes, HANDSHAKE_SLOTS)) return undefined;
  return { kind, ticket, hosts, hostCounts, refusals, handshakes, now };
}

function readGauges(value: unknown): WorkerGauges | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { connections, requests } = value as Fields; // an object has string keys
  return isCount(connections) && isCount(requests) ? { connections, requests } : undefined;
}

function isCounts(value: unknown, length: number): value is Float64Array {
  return (
    value instanceof Float64Array &&
    value.length === length &&
    value.every((number) => number >= 0 && Number.isFinite(number))
  );
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
