// SPDX-License-Identifier: Apache-2.0
import { createServer, type AddressInfo, type Server } from 'node:net';
import { waitFor } from '@proofgate/daemon';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseListeners, PortGuard } from '../src/gateway/port-guard.ts';
import { freePort, OWN_USER, silentLogger } from './fixtures.ts';

const WITHIN = { timeoutMs: 10_000 };

async function listen(host: string, port = 0): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  onTestFinished(() => void server.close());
  return { server, port: (server.address() as AddressInfo).port };
}

function guardOf(port: number, uid: number): PortGuard {
  return new PortGuard({
    ports: () => [{ name: 'web', port, uid }],
    logger: silentLogger,
    checkMs: 20,
  });
}

describe('the guard of a port', () => {
  test.each(['127.0.0.1', '0.0.0.0', '::'])('finds another user on %s', async (host) => {
    const { port } = await listen(host);
    const own = guardOf(port, OWN_USER.uid);
    expect(await own.check()).toBe(false);
    expect(own.taken).toEqual(new Set());

    const foreign = guardOf(port, OWN_USER.uid + 1);
    expect(await foreign.check()).toBe(true);
    expect(foreign.taken).toEqual(new Set(['web']));
    expect(await foreign.check(), 'again').toBe(false);
  });

  test('finds nothing where nobody listens', async () => {
    const guard = guardOf(await freePort(), OWN_USER.uid + 1);
    expect(await guard.check()).toBe(false);
    expect(guard.taken).toEqual(new Set());
  });

  test('tells when another user comes and goes', async () => {
    const port = await freePort();
    const guard = guardOf(port, OWN_USER.uid + 1);
    const told: (readonly string[])[] = [];
    const stop = new AbortController();
    const end = guard.watch(() => told.push([...guard.taken]), stop.signal);
    const { server } = await listen('127.0.0.1', port);
    await waitFor(() => told.length === 1, WITHIN);
    server.close();
    await waitFor(() => told.length === 2, WITHIN);
    expect(told).toEqual([['web'], []]);
    stop.abort();
    await end;
  });
});

test('only listening sockets count', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1
   1: 0100007F:1F41 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  2000        0 12 1
   2: 00000000000000000000000000000000:1F42 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1001 0 13 1
`;
  expect(parseListeners(table)).toEqual([
    { port: 8001, uid: 1000 },
    { port: 8002, uid: 1001 },
  ]);
});
