// SPDX-License-Identifier: Apache-2.0
import { Agent, request, type RequestOptions } from 'node:https';
import type { ClientRequest, IncomingMessage } from 'node:http';

/** An answer that has been read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly trailers: IncomingMessage['trailers'];
  readonly body: string;
}

/** Options for a request to a worker on loopback; certificates are not judged here. */
export function target(port: number, hostname: string, more: RequestOptions = {}): RequestOptions {
  return {
    host: '127.0.0.1',
    port,
    servername: hostname,
    rejectUnauthorized: false,
    agent: false,
    ...more,
    headers: { Host: hostname, ...(more.headers as Record<string, string> | undefined) },
  };
}

/** An agent that keeps one connection open. */
export function oneConnection(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
}

/** Sends a request with an optional body and reads the whole answer. */
export async function ask(options: RequestOptions, body?: string | Uint8Array): Promise<Answer> {
  const outgoing = request(options);
  const answer = answerTo(outgoing);
  outgoing.end(body);
  return answer;
}

/** The answer to a request that the caller writes. */
export async function answerTo(outgoing: ClientRequest): Promise<Answer> {
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    rawHeaders: incoming.rawHeaders,
    trailers: incoming.trailers,
    body: Buffer.concat(chunks).toString(),
  };
}
