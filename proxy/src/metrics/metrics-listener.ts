// SPDX-License-Identifier: Apache-2.0
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { formatHostPort, type HostPort } from '@proofgate/api';
import { METRICS_CONTENT_TYPE, type Logger } from '@proofgate/daemon';
import { ProxyError } from '../errors.ts';

/** A scraper and a person who looks. */
const MAX_CONNECTIONS = 16;

/** What asks is on this machine. */
const REQUEST_TIMEOUT_MS = 5_000;

/** Metrics over TCP, on loopback, for scrapers that cannot use a unix socket. */
export interface MetricsListener {
  readonly address: HostPort;
  close(): Promise<void>;
}

/**
 * Answers `GET /metrics`, and nothing else.
 *
 * @throws ProxyError ERR_PROXY_LISTEN
 */
export async function serveMetrics(
  { host, port }: HostPort,
  metrics: () => Promise<string>,
  logger: Logger,
): Promise<MetricsListener> {
  const timeouts = { headersTimeout: REQUEST_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS };
  const server = createServer(timeouts, ({ method, url }, outgoing) => {
    if (url !== '/metrics') outgoing.writeHead(404).end();
    else if (method !== 'GET') outgoing.writeHead(405, { allow: 'GET' }).end();
    else void answer(outgoing, metrics, logger);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const where = formatHostPort({ host, port });
      const message = `cannot serve metrics on ${where}: ${cause.message}`;
      reject(new ProxyError('ERR_PROXY_LISTEN', message, { cause }));
    });
    server.listen({ host, port }, resolve);
  });
  const bound = server.address() as AddressInfo; // a server that listens on TCP has this kind
  return {
    address: { host, port: bound.port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  outgoing: ServerResponse,
  metrics: () => Promise<string>,
  logger: Logger,
): Promise<void> {
  try {
    const text = await metrics();
    outgoing.writeHead(200, { 'content-type': METRICS_CONTENT_TYPE }).end(text);
  } catch (error) {
    logger.error({ err: error }, 'metrics cannot be told');
    outgoing.writeHead(500).end();
  }
}
