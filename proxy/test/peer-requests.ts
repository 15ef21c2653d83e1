// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { request } from 'node:http';
import type { ClientHttp2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import {
  attestedHttp2Connect,
  verifiedConnect,
  type ClientIdentity,
  type PeerRequirements,
} from '@proofgate/verifier/node';
import { answerOf, ask } from './http2-client.ts';
import { answerTo } from './https-client.ts';

/** What an upstream was told of a client: its fields about peers. */
export type Told = Record<string, string[]>;

/** What became of a request to a host whose upstream answers with the fields that it got. */
export interface Outcome {
  readonly status: number;
  readonly code?: string;
  readonly told: Told;
}

/** A proxy, and what is required of it. */
export interface Reach {
  readonly port: number;
  readonly requirements: PeerRequirements;
}

/** Sends one request over a connection of its own, whose other end has been verified. */
export type Send = (
  reach: Reach,
  hostname: string,
  client?: ClientIdentity,
  fields?: object,
) => Promise<Outcome>;

const PATH = '/a?b=c';
const WEBSOCKET = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
};

/** Over HTTP/1.1. */
export const sendHttp1: Send = async (reach, hostname, client, fields = {}) => {
  const socket = await connectTo(reach, hostname, client);
  const headers = { host: hostname, ...fields };
  const outgoing = request({ createConnection: () => socket, headers, path: PATH });
  const answer = answerTo(outgoing);
  outgoing.end();
  const { status, body } = await answer;
  socket.destroy();
  return outcomeOf(status, body);
};

/** An upgrade to WebSocket over HTTP/1.1. */
export const sendUpgrade: Send = async (reach, hostname, client, fields = {}) => {
  const socket = await connectTo(reach, hostname, client);
  const headers = { host: hostname, ...WEBSOCKET, ...fields };
  const outgoing = request({ createConnection: () => socket, headers, path: PATH });
  const refused = answerTo(outgoing).then(({ status, body }) => outcomeOf(status, body));
  const switched = once(outgoing, 'upgrade').then(async ([, tunnel, head]) => {
    const chunks = [head as Buffer];
    for await (const chunk of tunnel as AsyncIterable<Buffer>) chunks.push(chunk);
    return outcomeOf(101, Buffer.concat(chunks).toString());
  });
  outgoing.end();
  const first = await Promise.race([refused, switched]);
  socket.destroy();
  return first;
};

/** Over HTTP/2. */
export const sendHttp2: Send = async (reach, hostname, client, fields = {}) => {
  const session = await openVerified(reach, hostname, client);
  const { status, body } = await ask(session, hostname, { ':path': PATH, ...fields });
  session.destroy();
  return outcomeOf(status, body);
};

/** A WebSocket over HTTP/2, which the upstream gets as an upgrade. */
export const sendHttp2Upgrade: Send = async (reach, hostname, client, fields = {}) => {
  const session = await openVerified(reach, hostname, client);
  if (session.remoteSettings.enableConnectProtocol !== true) await once(session, 'remoteSettings');
  const stream = session.request(
    {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'https',
      ':authority': hostname,
      ':path': PATH,
      'sec-websocket-version': '13',
      ...fields,
    },
    { endStream: false },
  );
  stream.on('error', () => undefined);
  stream.once('end', () => stream.end());
  const { status, body } = await answerOf(stream);
  session.destroy();
  return outcomeOf(status === 200 ? 101 : status, body);
};

/** A session whose other end has been verified. */
export async function openVerified(
  { port, requirements }: Reach,
  hostname: string,
  client?: ClientIdentity,
): Promise<ClientHttp2Session> {
  const url = `https://${hostname}:${String(port)}`;
  return (await attestedHttp2Connect(url, asClient(requirements, client))).session;
}

/** Reads what an upstream answered, or the proxy instead of it. */
export function outcomeOf(status: number, body: string): Outcome {
  const members = (body === '' ? {} : JSON.parse(body)) as Told;
  const told = Object.entries(members).filter(([name]) => /peer|attestation/.test(name));
  const { code } = members;
  const refusal = code === undefined ? {} : { code: String(code) };
  return { status, told: Object.fromEntries(told), ...refusal };
}

async function connectTo(
  { port, requirements }: Reach,
  servername: string,
  client?: ClientIdentity,
): Promise<TLSSocket> {
  const target = { host: '127.0.0.1', port, servername };
  return (await verifiedConnect(target, asClient(requirements, client))).socket;
}

function asClient(requirements: PeerRequirements, client?: ClientIdentity): PeerRequirements {
  return client === undefined ? requirements : { ...requirements, client };
}
