// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';

/** An answer that has been read to its end. */
export interface Http2Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly interim: readonly number[];
  readonly body: string;
  /** With which the stream was closed; 0 for none. */
  readonly rstCode: number;
}

/** Opens a session to a worker on loopback; certificates are not judged here. */
export async function openHttp2(
  port: number,
  hostname: string,
  options: SecureClientSessionOptions = {},
): Promise<ClientHttp2Session> {
  const session = connect(`https://127.0.0.1:${String(port)}`, {
    servername: hostname,
    rejectUnauthorized: false,
    ...options,
  });
  session.on('error', () => undefined);
  await once(session, 'connect');
  return session;
}

/** Starts a request for the host of the session. */
export function start(
  session: ClientHttp2Session,
  hostname: string,
  headers: OutgoingHttpHeaders = {},
  endStream: boolean = true,
): ClientHttp2Stream {
  const stream = session.request({ ':authority': hostname, ...headers }, { endStream });
  stream.on('error', () => undefined);
  return stream;
}

/** Reads the whole answer to a request that the caller writes. */
export async function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  const interim: number[] = [];
  const chunks: Buffer[] = [];
  stream.on('headers', (fields: IncomingHttpHeaders) => interim.push(Number(fields[':status'])));
  stream.on('response', (fields: IncomingHttpHeaders) => (headers = fields));
  stream.on('trailers', (fields: IncomingHttpHeaders) => (trailers = fields));
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => stream.once('close', resolve));
  return {
    status: Number(headers[':status'] ?? 0),
    headers,
    trailers,
    interim,
    body: Buffer.concat(chunks).toString('latin1'),
    rstCode: stream.rstCode ?? 0,
  };
}

/** A request with an optional body, and the whole answer. */
export async function ask(
  session: ClientHttp2Session,
  hostname: string,
  headers: OutgoingHttpHeaders = {},
  body?: string | Uint8Array,
): Promise<Http2Answer> {
  const stream = start(session, hostname, headers, body === undefined);
  const answer = answerOf(stream);
  if (body !== undefined) stream.end(body);
  return answer;
}
