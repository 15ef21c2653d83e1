// SPDX-License-Identifier: Apache-2.0
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request, type Agent, type RequestOptions } from 'node:https';
import { text } from 'node:stream/consumers';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';

/** A host behind the proxy, and whose certificates count. */
export interface Endpoint {
  readonly hostname: string;
  readonly port: number;
  /** Root of the private PKI. PEM. */
  readonly ca: string;
}

/** An answer that has been read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What may differ from a plain GET on a connection of its own. */
export interface RequestParts {
  readonly method?: string;
  readonly headers?: RequestOptions['headers'];
  readonly body?: string;
  readonly agent?: Agent;
}

/** Two requests of one test never wait for each other, so an answer that takes longer will not come. */
const ANSWER_TIMEOUT_MS = 20_000;

/** How Node's TLS reaches an endpoint: on loopback, whatever the resolver says of its name. */
export function tlsOptions({ hostname, port, ca }: Endpoint): ConnectionOptions {
  return { host: '127.0.0.1', port, servername: hostname, ca, ALPNProtocols: ['http/1.1'] };
}

/**
 * Sends a request and reads the whole answer. Node verifies chain and host name.
 *
 * @throws Error of the connection
 */
export async function fetchFrom(
  endpoint: Endpoint,
  path: string,
  parts: RequestParts = {},
): Promise<Answer> {
  const response = await startRequest(endpoint, path, parts);
  const { statusCode, headers } = response;
  return { status: statusCode ?? 0, headers, body: await text(response) };
}

/** Sends a request and returns with the head of the answer. */
export function startRequest(
  endpoint: Endpoint,
  path: string,
  { method = 'GET', headers = {}, body, agent }: RequestParts = {},
): Promise<IncomingMessage> {
  const { hostname, port, ca } = endpoint;
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      servername: hostname,
      ca,
      path,
      method,
      headers: { host: `${hostname}:${String(port)}`, ...headers },
      agent: agent ?? false,
      timeout: ANSWER_TIMEOUT_MS,
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer to ${method} ${path}`)));
    outgoing.once('error', reject);
    outgoing.once('response', resolve);
    outgoing.end(body);
  });
}

/** A verified TLS connection, for requests that no HTTP client would send. */
export function openTls(endpoint: Endpoint, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...tlsOptions(endpoint), ...options });
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error('the peer is silent')));
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      // A reset while the rest of a refused request is being written.
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

/** DER of the certificate that a host serves. */
export async function servedLeaf(endpoint: Endpoint): Promise<Uint8Array> {
  const socket = await openTls(endpoint);
  const leaf = socket.getPeerX509Certificate();
  socket.destroy();
  if (leaf === undefined) throw new Error(`${endpoint.hostname} has no certificate`);
  return new Uint8Array(leaf.raw);
}
