// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import {
  connect as connectHttp2,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
} from 'node:http2';
import { Agent, request } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { connect as connectTcp } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { EVENTS } from './soak-upstreams.ts';

/** Where the traffic goes. */
export interface Destination {
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  readonly web: string;
  readonly tcp: string;
}

/** One kind of traffic: does one operation after the other, each of which it checks. */
export interface Traffic {
  readonly name: string;
  operation(): Promise<void>;
  close(): void;
}

/** Between two operations of one client: the machine has something else to do as well. */
const PAUSE_MS = 5;
/** An operation that takes longer has failed. */
const OPERATION_TIMEOUT_MS = 20_000;
const SIZES = [0, 1, 1_000, 70_000] as const;

const options = ({ port, ca }: Destination, servername: string) =>
  ({ host: '127.0.0.1', port, servername, ca, timeout: OPERATION_TIMEOUT_MS }) as const;

/** HTTP/1.1, over connections that stay or over one each. */
export function httpTraffic(to: Destination, keepAlive: boolean): Traffic {
  const agent = new Agent({ keepAlive, maxSockets: 1 });
  return {
    name: keepAlive ? 'HTTP/1.1' : 'HTTP/1.1, a connection for each request',
    async operation() {
      const sent = someBytes();
      const answer = await exchange(to, '/echo', agent, sent);
      if (!answer.equals(sent)) throw new Error('other content came back');
    },
    close: () => agent.destroy(),
  };
}

/** Streams of events. */
export function eventTraffic(to: Destination): Traffic {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    name: 'events',
    async operation() {
      const events = (await exchange(to, '/events', agent)).toString().match(/^data: /gm);
      if (events?.length !== EVENTS) throw new Error('events are missing');
    },
    close: () => agent.destroy(),
  };
}

/** The evidence of the host. */
export function evidenceTraffic(to: Destination): Traffic {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    name: 'evidence',
    async operation() {
      const document = await exchange(to, '/.well-known/attestation', agent);
      const { host } = JSON.parse(document.toString()) as { host: unknown };
      if (host !== to.web) throw new Error('evidence of another host');
    },
    close: () => agent.destroy(),
  };
}

/** HTTP/2; not before the proxy offers it. */
export function http2Traffic(to: Destination): Traffic {
  let session = open();
  function open(): ClientHttp2Session {
    const opened = connectHttp2(`https://${to.web}:${String(to.port)}`, {
      ...{ ca: to.ca, servername: to.web },
      createConnection: () =>
        connect({ ...options(to, to.web), ALPNProtocols: ['h2'] }) as TLSSocket,
    });
    opened.on('error', () => undefined);
    return opened;
  }
  return {
    name: 'HTTP/2',
    async operation() {
      if (session.closed || session.destroyed) session = open();
      const sent = someBytes();
      let content: Buffer;
      try {
        content = await echo(session, to.web, sent);
      } catch (error) {
        if (!(error instanceof RefusedStream)) throw error;
        session.close();
        session = open();
        content = await echo(session, to.web, sent);
      }
      if (!content.equals(sent)) throw new Error('other content came back');
    },
    close: () => session.destroy(),
  };
}

/**
 * A request that met a GOAWAY on its way: the server has not acted on it, so that a client sends it again on another
 * connection (RFC 9113 section 8.7). Browsers and gRPC do that by themselves, `node:http2` leaves it to its user.
 */
class RefusedStream extends Error {}

async function echo(session: ClientHttp2Session, host: string, sent: Buffer): Promise<Buffer> {
  const stream = session.request({ ':method': 'POST', ':path': '/echo', ':authority': host });
  stream.setTimeout(OPERATION_TIMEOUT_MS, () => stream.destroy(new Error('no answer')));
  try {
    const answer = buffer(stream);
    const head = responseOf(stream);
    stream.end(sent);
    const [content] = await Promise.all([answer, head]);
    // Node ends the content of a stream whose connection was cut as if that were all of it; the code tells.
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new Error('the connection was cut');
    return content;
  } catch (error) {
    const refused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
    throw refused ? new RefusedStream('refused', { cause: error }) : error;
  }
}

/** A stream can end in order without an answer, when its connection does. */
async function responseOf(stream: ClientHttp2Stream): Promise<void> {
  const closed = once(stream, 'close').then(() => {
    throw new Error('the stream was closed without an answer');
  });
  await Promise.race([once(stream, 'response'), closed]);
}

/** Messages over a WebSocket that stays. */
export function webSocketTraffic(to: Destination): Traffic {
  let socket: WebSocket | undefined;
  return {
    name: 'WebSocket',
    async operation() {
      if (socket?.readyState !== WebSocket.OPEN) {
        socket?.terminate();
        const opened = new WebSocket(`wss://127.0.0.1:${String(to.port)}/socket`, {
          ...options(to, to.web),
          headers: { host: to.web },
        });
        opened.on('error', () => undefined);
        socket = opened;
        await closedOr(opened, once(opened, 'open'));
      }
      const sent = randomBytes(64);
      const answer = once(socket, 'message');
      socket.send(sent);
      const [received] = (await closedOr(socket, answer)) as [Buffer];
      if (!received.equals(sent)) throw new Error('another message came back');
    },
    close: () => socket?.terminate(),
  };
}

/** Bytes through a tcp route, both directions ended in order. */
export function tcpTraffic(to: Destination): Traffic {
  return {
    name: 'tcp',
    async operation() {
      const sent = someBytes();
      // A half-open socket makes a half-open TLS connection.
      const plain = connectTcp({ host: '127.0.0.1', port: to.port, allowHalfOpen: true });
      const socket = connect({ socket: plain, servername: to.tcp, ca: to.ca });
      socket.setTimeout(OPERATION_TIMEOUT_MS, () => socket.destroy(new Error('no answer')));
      try {
        await once(socket, 'secureConnect');
        socket.end(sent);
        const received = await buffer(socket);
        const expected = sent.subarray(0, received.length);
        if (!received.equals(expected)) throw new Error('other bytes came back');
        // The kernel ends the connections of a process that is killed in order, which Node takes for an end.
        if (received.length < sent.length) throw new Error('the connection was cut');
      } finally {
        socket.destroy();
      }
    },
    close: () => undefined,
  };
}

/** Repeats the operations of a client until the time is over. */
export async function repeat(
  traffic: Traffic,
  signal: AbortSignal,
  onOperation: (began: number, error: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    const began = performance.now();
    try {
      await traffic.operation();
      onOperation(began, undefined);
    } catch (error) {
      onOperation(began, error);
    }
    await pause(PAUSE_MS);
  }
  traffic.close();
}

function someBytes(): Buffer {
  return randomBytes(SIZES[Math.floor(Math.random() * SIZES.length)] ?? 0);
}

async function exchange(
  to: Destination,
  path: string,
  agent: Agent,
  body?: Uint8Array,
): Promise<Buffer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request({
      ...options(to, to.web),
      ...{ path, agent, method: body === undefined ? 'GET' : 'POST' },
      headers: { host: to.web },
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer')));
    outgoing.once('error', reject);
    outgoing.once('response', resolve);
    outgoing.end(body);
  });
  const content = await buffer(response);
  if (response.statusCode === 200) return content;
  throw new Error(`status ${String(response.statusCode)}: ${content.toString().slice(0, 200)}`);
}

async function closedOr<T>(socket: WebSocket, event: Promise<T>): Promise<T> {
  const waiting = new AbortController();
  const closed = once(socket, 'close', { signal: waiting.signal }).then(() => {
    throw new Error('the WebSocket was closed');
  });
  try {
    return await Promise.race([event, closed]);
  } finally {
    waiting.abort();
    closed.catch(() => undefined);
  }
}
