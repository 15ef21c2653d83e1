// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  serveUnixHttp,
  type UnixHandler,
  type UnixHttpOptions,
  type UnixHttpServer,
} from '@proofgate/daemon';
import { memoryLog } from './memory-log.ts';

const { logger } = memoryLog();

/** A server that is closed when the test is over. */
export async function serve(
  path: string,
  handler: UnixHandler,
  options: Partial<UnixHttpOptions> = {},
): Promise<UnixHttpServer> {
  const server = await serveUnixHttp({ path, handler, logger, ...options });
  onTestFinished(() => server.close());
  return server;
}

export const socketIn = (directory: string): string => join(directory, 'x.sock');

export const ok: UnixHandler = () => ({ status: 200, body: 'here' });
