// SPDX-License-Identifier: Apache-2.0
import { chown } from 'node:fs/promises';
import {
  serveUnixHttp,
  type Logger,
  type UnixHandler,
  type UnixHttpServer,
} from '@proofgate/daemon';

/** What the socket of the platform's host needs. */
export interface ManagerSocketOptions {
  readonly path: string;
  readonly logger: Logger;
  /** Group of the proxy's workers, who forward requests to the socket; `undefined` when they run as we do. */
  readonly workerGid: number | undefined;
  /** The management API's remote handler. */
  readonly api: UnixHandler;
}

/**
 * Serves what clients reach through the proxy under the platform's host name.
 *
 * @param options - where, and who may connect
 * @returns the running server
 * @throws DaemonError `ERR_DAEMON_SOCKET_IN_USE` when another launcher serves it
 */
export async function serveManagerSocket(options: ManagerSocketOptions): Promise<UnixHttpServer> {
  const { path, logger, workerGid, api } = options;
  const mode = workerGid === undefined ? 0o600 : 0o660;
  const server = await serveUnixHttp({ path, mode, logger, handler: api });
  if (workerGid !== undefined) await chown(path, 0, workerGid);
  return server;
}
