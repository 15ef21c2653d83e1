// SPDX-License-Identifier: Apache-2.0
import {
  serveUnixHttp,
  type Logger,
  type UnixHandler,
  type UnixHttpServer,
  type UnixResponse,
} from '@proofgate/daemon';
import type { RuntimeEvent } from '@proofgate/evidence';
import type { WorkloadSummary } from '../supervision/workload-summary.ts';

/** What the local management socket shows. */
export interface ManagementView {
  /** False until the workloads have been measured and are supervised. */
  ready(): boolean;
  workloads(): readonly WorkloadSummary[];
  eventLog(): readonly RuntimeEvent[];
}

/**
 * Serves local management: the management API, for root of this VM and without tokens, and `GET /v1/workloads` and
 * `GET /v1/eventlog`, which show the launcher's own names of things. It is also the launcher's lock: a second launcher
 * with the same directory fails here, before it touches anything.
 *
 * @param path - the socket; only the launcher's user may connect
 * @param view - what to show
 * @param logger - for failed requests
 * @param api - the API's local handler
 * @returns the running server
 * @throws DaemonError `ERR_DAEMON_SOCKET_IN_USE` when another launcher runs
 */
export function serveManagementSocket(
  path: string,
  view: ManagementView,
  logger: Logger,
  api: UnixHandler,
): Promise<UnixHttpServer> {
  const answers = new Map<string, () => UnixResponse>([
    ['/v1/workloads', () => ({ status: 200, body: { workloads: view.workloads() } })],
    ['/v1/eventlog', () => ({ status: 200, body: { events: view.eventLog() } })],
  ]);
  return serveUnixHttp({
    path,
    mode: 0o600,
    logger,
    handler: (request) => {
      const answer = request.method === 'GET' ? answers.get(request.path) : undefined;
      return answer?.() ?? api(request);
    },
  });
}
