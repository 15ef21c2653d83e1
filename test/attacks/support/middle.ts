// SPDX-License-Identifier: Apache-2.0
import { createServer as createHttpServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { TD_HOSTNAME, type Td } from '../../../proxy/test/test-td.ts';

/** A question as the middle sees it. */
export interface SeenQuestion {
  readonly v: number;
  readonly mode: string;
  readonly leaf: string;
  readonly context: string;
}

/** An answer of whoever the middle asks; a number is a status without one. */
export type MiddleAnswer = object | number;

/** Somebody between a client and the host, with the stolen key of the host's leaf. */
export interface Middle {
  readonly port: number;
  /** What clients sent that was meant for the host, beyond questions. */
  readonly secrets: string[];
  close(): void;
}

/** Ends TLS as the host and answers questions itself. */
export async function startMiddle(
  { identity }: Td,
  answer: (question: SeenQuestion, victim: TLSSocket) => MiddleAnswer | Promise<MiddleAnswer>,
): Promise<Middle> {
  const secrets: string[] = [];
  const http = createHttpServer((incoming, outgoing) => {
    void (async () => {
      if (incoming.method !== 'POST') {
        secrets.push(incoming.url ?? '');
        outgoing.end('stolen');
        return;
      }
      const question = JSON.parse(await textOf(incoming)) as SeenQuestion;
      // Sound: connections are given to this server after a TLS handshake.
      const made = await answer(question, incoming.socket as TLSSocket);
      outgoing.statusCode = typeof made === 'number' ? made : 200;
      outgoing.end(JSON.stringify(typeof made === 'number' ? {} : made));
    })();
  });
  return listenAs(identity, (client) => http.emit('connection', client), secrets);
}

/** Ends TLS as the host and passes every byte on to it. */
export async function startRelay({ identity, port }: Td): Promise<Middle> {
  const secrets: string[] = [];
  return listenAs(
    identity,
    (client) => {
      const host = connectTo(port);
      client.on('data', (chunk: Buffer) => {
        if (chunk.includes('GET /secret')) secrets.push('/secret');
      });
      for (const [from, to] of [
        [client, host],
        [host, client],
      ] as const) {
        from.on('error', () => undefined);
        from.once('close', () => to.destroy());
        from.pipe(to);
      }
    },
    secrets,
  );
}

/** Puts a question to a TD over a connection of the asker's own. */
export async function askTd({ port }: Td, question: object): Promise<Record<string, unknown>> {
  const socket = connectTo(port);
  await once(socket, 'secureConnect');
  const outgoing = request({
    createConnection: () => socket,
    method: 'POST',
    path: '/.well-known/attestation',
    headers: { host: TD_HOSTNAME, 'content-type': 'application/json', connection: 'close' },
  });
  outgoing.end(JSON.stringify(question));
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  return JSON.parse(await textOf(incoming)) as Record<string, unknown>;
}

function connectTo(port: number): TLSSocket {
  return connect({ host: '127.0.0.1', port, servername: TD_HOSTNAME, rejectUnauthorized: false });
}

async function listenAs(
  { privateKey: key, chainPem: cert }: Td['identity'],
  onClient: (client: TLSSocket) => void,
  secrets: string[],
): Promise<Middle> {
  const clients = new Set<TLSSocket>();
  const server = createServer({ minVersion: 'TLSv1.3', key, cert }, (client) => {
    clients.add(client.on('error', () => undefined));
    onClient(client);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Sound: it listens on TCP.
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    for (const client of clients) client.destroy();
    server.close();
  };
  return { port, secrets, close };
}

async function textOf(message: AsyncIterable<unknown>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
