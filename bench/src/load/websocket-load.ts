// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import type { LoadOutcome } from './http-tools.ts';
import { LatencyHistogram } from './latency-histogram.ts';

/** A load of messages that are sent, come back, and are sent again. */
export interface EchoPlan {
  readonly port: number;
  readonly servername: string;
  readonly path: string;
  readonly connections: number;
  /** Content of a message. */
  readonly bytes: number;
  readonly milliseconds: number;
}

/** A message of up to 125 bytes, masked with zeros: what comes back is the same (RFC 6455 section 5.2). */
function message(bytes: number): Buffer {
  if (bytes > 125) throw new Error(`a message of ${String(bytes)} bytes has a longer header`);
  return Buffer.concat([Buffer.from([0x82, 0x80 | bytes, 0, 0, 0, 0]), randomBytes(bytes)]);
}

/** Opens WebSocket connections and plays ping-pong on all of them. @throws Error when one fails */
export async function runEcho(plan: EchoPlan): Promise<LoadOutcome> {
  const sockets = await Promise.all(
    Array.from({ length: plan.connections }, () => openWebSocket(plan)),
  );
  const latency = new LatencyHistogram();
  const started = performance.now();
  const deadline = started + plan.milliseconds;
  await Promise.all(sockets.map((socket) => playPingPong(socket, plan.bytes, deadline, latency)));
  const seconds = (performance.now() - started) / 1000;
  for (const socket of sockets) socket.destroy();
  const operations = latency.total;
  return { operations, perSecond: operations / seconds, p99: latency.percentile(0.99) / 1000 };
}

async function openWebSocket({ port, servername, path }: EchoPlan): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    servername,
    // What is measured is not who it is.
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  });
  await once(socket, 'secureConnect');
  socket.setNoDelay(true);
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: ${servername}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  let head = '';
  while (!head.includes('\r\n\r\n')) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    head += chunk.toString('latin1');
  }
  if (!head.startsWith('HTTP/1.1 101 ')) throw new Error(`no WebSocket: ${head}`);
  return socket;
}

function playPingPong(
  socket: TLSSocket,
  bytes: number,
  deadline: number,
  latency: LatencyHistogram,
): Promise<void> {
  const sent = message(bytes);
  return new Promise((resolve, reject) => {
    let missing = sent.length;
    let began = performance.now();
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('a WebSocket connection was closed')));
    socket.on('data', (chunk: Buffer) => {
      missing -= chunk.length;
      if (missing > 0) return;
      const now = performance.now();
      latency.record((now - began) * 1000);
      if (now >= deadline) {
        socket.removeAllListeners('close');
        resolve();
        return;
      }
      missing = sent.length;
      began = now;
      socket.write(sent);
    });
    socket.write(sent);
  });
}
