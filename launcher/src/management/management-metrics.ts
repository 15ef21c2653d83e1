// SPDX-License-Identifier: Apache-2.0
import type { ContainerStatus } from '@proofgate/api';
import { metricText } from '@proofgate/daemon';
import { RUNTIME_VERSION } from '../launcher-version.ts';
import type { ManagementTarget } from './management-target.ts';

/** A request as the counters tell it from others: few values each, whatever clients send. */
export interface CountedRequest {
  readonly transport: 'local' | 'remote';
  readonly method: string;
  /** Pattern of the endpoint, or `unmatched`. */
  readonly path: string;
  readonly status: number;
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE']);

/** What `enclave_os_container_status` shows of a state; everything else is 0. */
const STATUS_NUMBERS: Readonly<Partial<Record<ContainerStatus['status'], number>>> = {
  running: 1,
  healthy: 2,
  unhealthy: 3,
};

/** Counts requests, and writes metrics in Prometheus' text format 0.0.4. */
export class ManagementMetrics {
  readonly #requests = new Map<string, { readonly request: CountedRequest; count: number }>();
  readonly #refusedTokens: ReadonlyMap<string, number>;

  /** @param refusedTokens - how many tokens were refused, by code; read whenever metrics are written */
  constructor(refusedTokens: ReadonlyMap<string, number>) {
    this.#refusedTokens = refusedTokens;
  }

  /** Counts a request that has been answered. */
  countRequest({ transport, method, path, status }: CountedRequest): void {
    const request = {
      transport,
      method: METHODS.has(method) ? method : 'other',
      path,
      status,
    };
    const key = Object.values(request).join(' ');
    const entry = this.#requests.get(key) ?? { request, count: 0 };
    entry.count += 1;
    this.#requests.set(key, entry);
  }

  /** Everything as text. */
  render(target: ManagementTarget): string {
    const all = target.status();
    return [
      ...this.#enclaveOsMetrics(all),
      metricText('proofgate_build_info', 'gauge', 'Version of the launcher.', [
        [{ version: RUNTIME_VERSION }, 1],
      ]),
      metricText('proofgate_ready', 'gauge', '1 when the workloads are supervised.', [
        [{}, target.ready() ? 1 : 0],
      ]),
      metricText('proofgate_runtime_events', 'gauge', 'Events that RTMR3 was extended with.', [
        [{}, target.eventLog().length],
      ]),
      metricText(
        'proofgate_workload_state',
        'gauge',
        '1 for the state that a workload is in.',
        all.map(({ name, status }) => [{ name, state: status }, 1]),
      ),
      metricText(
        'proofgate_workload_restarts_total',
        'counter',
        'Starts after the first one of this launcher.',
        all.map(({ name, restarts }) => [{ name }, restarts]),
      ),
      ...pullMetrics(all),
      metricText(
        'proofgate_management_refused_tokens_total',
        'counter',
        'Tokens that the management API has refused.',
        [...this.#refusedTokens].map(([code, count]) => [{ code }, count]),
      ),
    ].join('');
  }

  #enclaveOsMetrics(all: readonly ContainerStatus[]): readonly string[] {
    return [
      metricText(
        'enclave_os_container_status',
        'gauge',
        '0 other, 1 running, 2 healthy, 3 unhealthy.',
        all.map(({ name, image, status }) => [{ name, image }, STATUS_NUMBERS[status] ?? 0]),
      ),
      metricText('enclave_os_containers_loaded', 'gauge', 'Workloads that are loaded.', [
        [{}, all.length],
      ]),
      metricText(
        'enclave_os_api_requests_total',
        'counter',
        'Requests to the management API.',
        [...this.#requests.values()].map(({ request, count }) => [
          {
            transport: request.transport,
            method: request.method,
            path: request.path,
            status: String(request.status),
          },
          count,
        ]),
      ),
    ];
  }
}

function pullMetrics(all: readonly ContainerStatus[]): readonly string[] {
  const pulls = all.flatMap(({ name, pull_progress: own, replacement }) => {
    const progress = replacement?.pull_progress ?? own;
    return progress === undefined ? [] : [{ name, progress }];
  });
  return [
    metricText(
      'proofgate_image_pull_downloaded_bytes',
      'gauge',
      'Bytes of an image that have arrived.',
      pulls.map(({ name, progress }) => [{ name }, progress.downloaded_bytes]),
    ),
    metricText(
      'proofgate_image_pull_size_bytes',
      'gauge',
      'Bytes that an image has, compressed.',
      pulls.map(({ name, progress }) => [{ name }, progress.total_bytes]),
    ),
  ];
}
