// SPDX-License-Identifier: Apache-2.0
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { RegistryTiming } from './registry-timing.ts';

/** A GET request. */
export interface TransportRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** An answer, whatever its status; redirects are answers, too. */
export interface TransportResponse {
  readonly status: number;
  /** One header; several of the same name are joined with a comma. */
  header(name: string): string | undefined;
  /** Fails when the connection breaks before the end, or is too slow. */
  readonly body: AsyncIterable<Uint8Array>;
  /** For bodies that nobody is going to read. */
  discard(): void;
}

/** Sends requests. Rejects when there is no answer. */
export interface RegistryTransport {
  get(request: TransportRequest): Promise<TransportResponse>;
  /** Closes idle connections. */
  close(): void;
}

/** What tests and unusual installations set. */
export interface TransportOptions {
  readonly timing: RegistryTiming;
  /** Further trusted roots, in PEM. */
  readonly ca?: string;
  /** Instead of the system's resolver. */
  readonly lookup?: LookupFunction;
}

/** Connections to one host; layers come side by side. */
const MAX_SOCKETS = 8;
/** Bodies up to this size are read to keep the connection, such as the HTML of a redirect. */
const MAX_DRAINED_BYTES = 16 * 1024;

/** Makes a transport over Node's HTTP client, which neither follows redirects nor unpacks bodies. */
export function nodeTransport(options: TransportOptions): RegistryTransport {
  const { timing, ca, lookup } = options;
  const shared = { keepAlive: true, maxSockets: MAX_SOCKETS, ...(lookup && { lookup }) };
  const http = new HttpAgent(shared);
  const https = new HttpsAgent({ ...shared, ...(ca !== undefined && { ca }) });
  return {
    get: async ({ url, headers, signal }) => {
      const isPlain = url.protocol === 'http:';
      const request = isPlain
        ? httpRequest(url, { agent: http, headers, signal })
        : httpsRequest(url, { agent: https, headers, signal });
      const timer = setTimeout(() => {
        request.destroy(new Error(`no answer within ${String(timing.headTimeoutMs)} ms`));
      }, timing.headTimeoutMs);
      try {
        return await new Promise<TransportResponse>((resolve, reject) => {
          // Stays on: the connection may fail again while nobody reads the body.
          request.on('error', reject);
          request.on('response', (response) => {
            resolve(asResponse(response, timing));
          });
          request.end();
        });
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => {
      http.destroy();
      https.destroy();
    },
  };
}

function asResponse(response: IncomingMessage, timing: RegistryTiming): TransportResponse {
  // Read errors reach whoever reads; without a reader they are of no interest.
  response.on('error', () => undefined);
  return {
    status: response.statusCode ?? 0,
    header: (name) => {
      const value = response.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    body: bodyOf(response, timing),
    discard: () => {
      const length = Number(response.headers['content-length'] ?? Number.POSITIVE_INFINITY);
      if (length <= MAX_DRAINED_BYTES) response.resume();
      else response.destroy();
    },
  };
}

async function* bodyOf(
  response: IncomingMessage,
  { periodMs, minPeriodBytes }: RegistryTiming,
): AsyncGenerator<Uint8Array, void, undefined> {
  let received = 0;
  let atLastCheck = 0;
  const timer = setInterval(() => {
    const seen = received - atLastCheck;
    atLastCheck = received;
    if (seen >= minPeriodBytes) return;
    response.destroy(new Error(`only ${String(seen)} bytes in ${String(periodMs)} ms`));
  }, periodMs);
  try {
    // Node types the pieces as any; without an encoding they are buffers.
    for await (const piece of response as AsyncIterable<Buffer>) {
      received += piece.length;
      yield piece;
    }
  } finally {
    clearInterval(timer);
  }
}
