// SPDX-License-Identifier: Apache-2.0
import { histogramText, metricText, type MetricSample } from '@proofgate/daemon';
import type { QuoteMode } from '../ipc/evidence-messages.ts';
import { HANDSHAKE_BOUNDS, HOST_SLOT, REQUEST_BOUNDS, STATUS_CLASSES } from './host-layout.ts';
import { HANDSHAKE_SLOTS, METRIC_CODES } from './metrics-report.ts';
import type { MetricsTotals } from './metrics-totals.ts';
import { QUOTE_BOUNDS, type PrimaryMetrics } from './primary-metrics.ts';

/** What is true of the proxy at this moment. */
export interface ProxyFacts {
  readonly version: string;
  readonly ready: boolean;
  readonly draining: boolean;
  /** Workers that accept connections. */
  readonly workers: number;
  /** Hosts that are not served, for want of an identity. */
  readonly unserved: number;
  readonly caUntil: Date;
  readonly identities: readonly IdentityFacts[];
  readonly queued: Readonly<Record<QuoteMode, number>>;
}

/** When something of a host has to be replaced. */
export interface IdentityFacts {
  readonly host: string;
  readonly until: Date;
  readonly renewal: Date | undefined;
  readonly collateralUntil: Date | undefined;
}

/** All metrics in Prometheus' text format. Hosts are those of the configuration, codes those of the table. */
export function renderMetrics(
  facts: ProxyFacts,
  primary: PrimaryMetrics,
  totals: Pick<MetricsTotals, 'hosts' | 'now' | 'refusals' | 'handshakes'>,
): string {
  return [
    ...processMetrics(facts, primary, totals),
    ...trafficMetrics(totals),
    ...identityMetrics(facts, primary),
    ...quoteMetrics(facts, primary),
  ].join('');
}

function processMetrics(
  { version, ready, draining, workers }: ProxyFacts,
  { workerDeaths }: PrimaryMetrics,
  { now }: Pick<MetricsTotals, 'now'>,
): string[] {
  return [
    gauge('build_info', 'Version of the proxy.', [[{ version }, 1]]),
    gauge('ready', '1 when every host is served.', [[{}, Number(ready)]]),
    gauge('draining', '1 when the proxy accepts no connections any more.', [
      [{}, Number(draining)],
    ]),
    gauge('workers', 'Workers that accept connections.', [[{}, workers]]),
    counter('worker_deaths_total', 'Workers that died and were replaced.', [[{}, workerDeaths]]),
    gauge('open_connections', 'Connections that are open.', [[{}, now.connections]]),
    gauge('open_requests', 'Requests and upgraded streams that have not ended.', [
      [{}, now.requests],
    ]),
  ];
}

type Traffic = Pick<MetricsTotals, 'hosts' | 'refusals' | 'handshakes'>;

function trafficMetrics({ hosts, refusals, handshakes }: Traffic): string[] {
  const each = (slot: number): MetricSample[] =>
    [...hosts].map(([host, counts]) => [{ host }, counts[slot] ?? 0]);
  const latencies = [...hosts].map(([host, counts]) => ({
    labels: { host },
    counts: counts.subarray(HOST_SLOT.latency, HOST_SLOT.latencySum),
    sum: counts[HOST_SLOT.latencySum] ?? 0,
  }));
  return [
    counter(
      'requests_total',
      'Requests that have ended, by the first digit of their status.',
      [...hosts].flatMap(([host, counts]) =>
        STATUS_CLASSES.map((status, index): MetricSample => [{ host, status }, counts[index] ?? 0]),
      ),
    ),
    histogramText(
      `${PREFIX}request_duration_seconds`,
      'From the head of a request to the end of its answer.',
      REQUEST_BOUNDS,
      latencies,
    ),
    counter('received_bytes_total', 'Content that clients sent.', each(HOST_SLOT.bytesIn)),
    counter('sent_bytes_total', 'Content that clients were sent.', each(HOST_SLOT.bytesOut)),
    counter('tls_handshakes_total', 'Handshakes that were completed.', each(HOST_SLOT.handshakes)),
    histogramText(
      `${PREFIX}tls_handshake_duration_seconds`,
      'From accept to the end of the handshake.',
      HANDSHAKE_BOUNDS,
      [{ labels: {}, counts: handshakes, sum: handshakes[HANDSHAKE_SLOTS - 1] ?? 0 }],
    ),
    counter(
      'tcp_connections_total',
      'Connections of mode tcp that have ended.',
      each(HOST_SLOT.tcpConnections),
    ),
    counter(
      'refusals_total',
      'Connections and requests that were refused or failed, by code.',
      METRIC_CODES.map((code, index) => [{ code }, refusals[index] ?? 0]),
    ),
  ];
}

function identityMetrics(
  { identities, unserved, caUntil }: ProxyFacts,
  { identitiesMade, identitiesFailed }: PrimaryMetrics,
): string[] {
  const times = (time: (identity: IdentityFacts) => Date | undefined): MetricSample[] =>
    identities.flatMap((identity) => {
      const at = time(identity);
      return at === undefined ? [] : [[{ host: identity.host }, unixSeconds(at)]];
    });
  return [
    gauge('unserved_hosts', 'Hosts that are not served, for want of a valid identity.', [
      [{}, unserved],
    ]),
    gauge(
      'identity_expiry_timestamp_seconds',
      'End of the identity of a host.',
      times(({ until }) => until),
    ),
    gauge(
      'identity_renewal_timestamp_seconds',
      'When the next identity of a host is to be made.',
      times(({ renewal }) => renewal),
    ),
    gauge(
      'collateral_expiry_timestamp_seconds',
      'When the collateral in the document of a host has to be replaced.',
      times(({ collateralUntil }) => collateralUntil),
    ),
    gauge('ca_expiry_timestamp_seconds', 'End of the CA that issues.', [
      [{}, unixSeconds(caUntil)],
    ]),
    counter('identities_total', 'Attempts to make an identity.', [
      [{ result: 'made' }, identitiesMade],
      [{ result: 'failed' }, identitiesFailed],
    ]),
  ];
}

function quoteMetrics({ queued }: ProxyFacts, { quotes }: PrimaryMetrics): string[] {
  return [
    gauge(
      'quote_queue_sessions',
      'Sessions that wait for a quote to be started.',
      Object.entries(queued).map(([purpose, count]) => [{ purpose }, count]),
    ),
    histogramText(
      `${PREFIX}quote_duration_seconds`,
      'Quotes, made or not, from the question to the answer.',
      QUOTE_BOUNDS,
      quotes,
    ),
    counter(
      'quote_failures_total',
      'Quotes that were not made.',
      quotes.map(({ labels, failed }) => [labels, failed]),
    ),
    counter(
      'quoted_sessions_total',
      'Sessions, or identities, that got a quote.',
      quotes.map(({ labels, sessions }) => [labels, sessions]),
    ),
  ];
}

const PREFIX = 'proofgate_proxy_';

function gauge(name: string, help: string, samples: readonly MetricSample[]): string {
  return metricText(`${PREFIX}${name}`, 'gauge', help, samples);
}

function counter(name: string, help: string, samples: readonly MetricSample[]): string {
  return metricText(`${PREFIX}${name}`, 'counter', help, samples);
}

function unixSeconds(at: Date): number {
  return at.getTime() / 1_000;
}
