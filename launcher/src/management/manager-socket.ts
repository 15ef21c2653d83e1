// SPDX-License-Identifier: Apache-2.0
import { chown } from 'node:fs/promises';
import { serveUnixHttp, type Logger, type UnixHttpServer } from '@proofgate/daemon';

/** What the socket of the platform's host needs. */
export interface ManagerSocketOptions {
  readonly path: string;
  readonly logger: Logger;
  /** Group of the proxy's workers, who forward requests to the socket; `undefined` when they run as we do. */
  readonly workerGid: number | undefined;
}

/**
 * Serves what clients reach through the proxy under the platform's host name.
 *
 * @param options - where, and who may connect
 * @returns the running server
 * @throws DaemonError `ERR_DAEMON_SOCKET_IN_USE` when another launcher serves it
 */
export async function serveManagerSocket(options: ManagerSocketOptions): Promise<UnixHttpServer> {
  const server = await serveUnixHttp({
    path: options.path,
    mode: options.workerGid === undefined ? 0o600 : 0o660,
    logger: options.logger,
    handler: ({ method, path }) =>
      method === 'GET' && path === '/healthz'
        ? { status: 200, body: { status: 'ok' } }
        : // RFC 9457, section 3.
          {
            status: 404,
            headers: { 'content-type': 'application/problem+json' },
            body: { type: 'about:blank', title: 'Not Found', status: 404 },
          },
  });
  if (options.workerGid !== undefined) await chown(options.path, 0, options.workerGid);
  return server;
}
