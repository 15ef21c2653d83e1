// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import { UpstreamSocket } from '../src/upstream/upstream-socket.ts';
import { tunnel, type TunnelResult } from '../src/worker/tunnel.ts';

const SOON = { timeoutMs: 4_000 };
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** The two ends of a TCP connection, the near one as `dial` makes it. */
async function connection<End>(dial: (port: number) => End): Promise<[near: End, far: Socket]> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const near = dial(port);
  const [far] = await accepted;
  server.close();
  sockets.push(far);
  far.on('error', () => undefined);
  return [near, far];
}

function toClient(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  return socket.on('error', () => undefined);
}

function toUpstream(port: number): UpstreamSocket {
  return new UpstreamSocket({ kind: 'tcp', host: '127.0.0.1', port });
}

const NOTHING = new Uint8Array(0);

describe('a tunnel', () => {
  it('counts bytes and reports once, when both ends are closed', async () => {
    const [client, clientFar] = await connection(toClient);
    const [upstream, upstreamFar] = await connection(toUpstream);
    const results: TunnelResult[] = [];
    tunnel(client, upstream, NOTHING, 10_000, (result) => results.push(result));
    clientFar.resume().end('12345');
    upstreamFar.resume().end('123');
    expect(await waitFor(() => results[0], SOON)).toEqual({ bytesFromClient: 5, bytesToClient: 3 });
    await waitFor(() => client.closed && upstream.destroyed, SOON);
    expect(results).toHaveLength(1);
  });

  it('ends on both sides when one side breaks off', async () => {
    const [client, clientFar] = await connection(toClient);
    const [upstream] = await connection(toUpstream);
    tunnel(client, upstream, NOTHING, 10_000, () => undefined);
    clientFar.resetAndDestroy();
    await waitFor(() => client.closed && upstream.destroyed, SOON);
  });

  it('stays open while bytes pass in one direction, and ends when none do', async () => {
    const [client, clientFar] = await connection(toClient);
    const [upstream, upstreamFar] = await connection(toUpstream);
    tunnel(client, upstream, NOTHING, 200, () => undefined);
    let received = 0;
    clientFar.on('data', (chunk: Buffer) => (received += chunk.length)).resume();
    const trickle = setInterval(() => upstreamFar.write('x'), 50);
    await waitFor(() => received >= 10, SOON);
    expect(client.destroyed).toBe(false);
    clearInterval(trickle);
    await waitFor(() => client.closed && upstream.destroyed, SOON);
  });
});
