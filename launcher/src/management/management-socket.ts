// SPDX-License-Identifier: Apache-2.0
import {
  serveUnixHttp,
  type Logger,
  type UnixHttpServer,
  type UnixResponse,
} from '@proofgate/daemon';
import type { RuntimeEvent } from '@proofgate/evidence';
import type { WorkloadStatus } from '../supervision/workload-supervisor.ts';

/** One workload as `GET /v1/workloads` of the local socket lists it. */
export interface WorkloadSummary extends WorkloadStatus {
  readonly imageRef: string;
  /** SHA-256 in hex, as in the event log and the certificate. */
  readonly imageDigest: string;
  readonly specDigest: string;
  /** Root of the workload's configuration tree, hex. */
  readonly configRoot: string;
}

/** What the local management socket shows. */
export interface ManagementView {
  /** False until the workloads have been measured and are supervised. */
  ready(): boolean;
  workloads(): readonly WorkloadSummary[];
  eventLog(): readonly RuntimeEvent[];
}

/**
 * Serves local management: `GET /healthz`, `GET /v1/workloads`, `GET /v1/eventlog`. It is also the launcher's lock:
 * a second launcher with the same directory fails here, before it touches anything.
 *
 * @param path - the socket; only the launcher's user may connect
 * @param view - what to show
 * @param logger - for failed requests
 * @returns the running server
 * @throws DaemonError `ERR_DAEMON_SOCKET_IN_USE` when another launcher runs
 */
export function serveManagementSocket(
  path: string,
  view: ManagementView,
  logger: Logger,
): Promise<UnixHttpServer> {
  const answers = new Map<string, () => UnixResponse>([
    ['/healthz', () => health(view.ready())],
    ['/v1/workloads', () => ({ status: 200, body: { workloads: view.workloads() } })],
    ['/v1/eventlog', () => ({ status: 200, body: { events: view.eventLog() } })],
  ]);
  return serveUnixHttp({
    path,
    mode: 0o600,
    logger,
    handler: (request) => {
      const answer = request.method === 'GET' ? answers.get(request.path) : undefined;
      return (
        answer?.() ?? {
          status: 404,
          body: { error: `no ${request.method} ${request.path}`, code: 'ERR_NOT_FOUND' },
        }
      );
    },
  });
}

function health(ready: boolean): UnixResponse {
  return ready
    ? { status: 200, body: { status: 'ok' } }
    : { status: 503, body: { status: 'starting' } };
}
