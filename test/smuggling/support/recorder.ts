// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A request that a server has read, byte for byte what its parser made of it. */
export interface RecordedRequest {
  readonly method: string;
  readonly target: string;
  /** Values by name in lower case; several are joined with a vertical bar. */
  readonly fields: Readonly<Record<string, string>>;
  /** As latin1. */
  readonly body: string;
  readonly trailers: Readonly<Record<string, string>>;
}

/** A `node:http` server that remembers what it has read and says in each answer what it is an answer to. */
export interface Recorder {
  readonly port: number;
  /** Requests that were read to their end, in that order. */
  readonly complete: RecordedRequest[];
  /** Method and target of every request whose head was read. */
  readonly heads: string[];
  /** Codes of what the parser could not read. */
  readonly unreadable: string[];
  /** Forgets. */
  clear(): void;
  close(): Promise<void>;
}

/** The field of an answer that says what it is an answer to. */
export const ANSWER_TO = 'x-answer-to';

/** The value of that field. */
export function answerTo(method: string, target: string): string {
  return `${method} ${encodeURIComponent(target)}`;
}

/** Above what any case sends: it is the proxy who has to refuse. */
const MAX_HEAD_BYTES = 1_000_000;

/** Starts one on loopback. */
export async function startRecorder(): Promise<Recorder> {
  const complete: RecordedRequest[] = [];
  const heads: string[] = [];
  const unreadable: string[] = [];
  const open = new Set<Socket>();
  const server = createServer(
    { requireHostHeader: false, maxHeaderSize: MAX_HEAD_BYTES, keepAliveTimeout: 60_000 },
    (request, response) => {
      const { method = '', url: target = '' } = request;
      heads.push(`${method} ${target}`);
      let body = '';
      request.on('error', () => undefined);
      request.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')));
      request.on('end', () => {
        const fields = byName(request.rawHeaders);
        complete.push({ method, target, fields, body, trailers: byName(request.rawTrailers) });
        const text = `${method} ${target}\n`;
        response.writeHead(200, { [ANSWER_TO]: answerTo(method, target) });
        response.end(text);
      });
    },
  );
  server.maxHeadersCount = 0;
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.on('clientError', (error: Error & { code?: string }, socket) => {
    unreadable.push(error.code ?? error.message);
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // It listens on TCP.
  const { port } = server.address() as AddressInfo;
  return {
    port,
    complete,
    heads,
    unreadable,
    clear() {
      for (const list of [complete, heads, unreadable]) list.length = 0;
    },
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function byName(raw: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    const value = raw[index + 1] ?? '';
    fields[name] = name in fields ? `${fields[name] ?? ''}|${value}` : value;
  }
  return fields;
}
