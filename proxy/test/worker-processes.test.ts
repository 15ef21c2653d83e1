// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import type { Agent } from 'node:https';
import type { Duplex } from 'node:stream';
import { waitFor } from '@proofgate/daemon';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunningProxy } from '../src/index.ts';
import { startHttpUpstream, type HttpUpstream } from './http-upstream.ts';
import { ask, oneConnection, target } from './https-client.ts';
import { askVerified } from './proxy-client.ts';
import { openTls, readUntil } from './tls-client.ts';
import { startMachine, untilReady, type TestMachine } from './test-proxy.ts';

// Each test forks processes, which takes long on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const APP = 'app.example.com';
const SOON = { timeoutMs: 8_000 };
let machine: TestMachine;
let upstream: HttpUpstream;

beforeEach(async () => {
  machine = await startMachine();
  upstream = await startHttpUpstream((incoming, outgoing) =>
    outgoing.end(`hello ${String(incoming.headers.host)}`),
  );
});
afterEach(async () => {
  await machine.close();
  await upstream.close();
});

function route(hostname: string, more: object = {}): object {
  return { hostname, upstream: upstream.upstream, ...more };
}

interface OpenConnection {
  readonly agent: Agent;
  readonly socket: Duplex;
  /** What the request ids of the worker at the other end begin with. */
  readonly worker: string | undefined;
}

/** Opens a connection and keeps it. */
async function openConnection(proxy: RunningProxy): Promise<OpenConnection> {
  const agent = oneConnection();
  const path = '/.well-known/attestation';
  const answer = await ask(target(proxy.address.port, APP, { agent, path, method: 'DELETE' }));
  const { requestId } = JSON.parse(answer.body) as { requestId: string };
  const [socket] = Object.values(agent.freeSockets)[0] ?? [];
  return { agent, socket: socket!, worker: requestId.split('-')[0] };
}

describe('workers', () => {
  it('are replaced when they die, and the others are not touched', async () => {
    const proxy = await machine.start(machine.config({ routes: [route(APP)] }));
    await untilReady(proxy);
    const [victim, survivor] = proxy.workerPids;
    process.kill(victim!, 'SIGKILL');
    await waitFor(
      () =>
        proxy.workerPids.length === 2 &&
        !proxy.workerPids.includes(victim!) &&
        proxy.health().workers === 2,
      SOON,
    );
    expect(proxy.workerPids).toContain(survivor);
    for (let n = 0; n < 10; n += 1)
      expect((await askVerified(proxy, machine.root, APP)).status).toBe(200);
    expect(machine.quotes()).toBe(1);
  });

  it('lose no connections but their own', async () => {
    const proxy = await machine.start(machine.config({ routes: [route(APP)] }));
    await untilReady(proxy);
    const connections: OpenConnection[] = [];
    // Which worker accepts is up to the kernel: open more until both have some.
    while (new Set(connections.map(({ worker }) => worker)).size < 2) {
      const more = Array.from({ length: 16 }, () => openConnection(proxy));
      connections.push(...(await Promise.all(more)));
    }
    const survivors = (): OpenConnection[] => connections.filter(({ socket }) => !socket.destroyed);
    const workers = (): Set<unknown> => new Set(survivors().map(({ worker }) => worker));
    const [victim] = proxy.workerPids;
    process.kill(victim!, 'SIGKILL');
    await waitFor(() => workers().size === 1, SOON);
    await waitFor(() => !proxy.workerPids.includes(victim!) && proxy.health().workers === 2, SOON);
    const [left] = workers();
    expect(survivors()).toHaveLength(connections.filter(({ worker }) => worker === left).length);
    const [survivor] = survivors();
    expect((await ask(target(proxy.address.port, APP, { agent: survivor!.agent }))).status).toBe(
      200,
    );
    expect(survivor!.socket.destroyed).toBe(false);
    for (const { agent } of connections) agent.destroy();
  });

  it('keep their port when all of them die', async () => {
    const proxy = await machine.start(
      machine.config({ routes: [route(APP)], platform: { workers: 1 } }),
    );
    await untilReady(proxy);
    const [victim] = proxy.workerPids;
    process.kill(victim!, 'SIGKILL');
    await waitFor(
      () =>
        proxy.workerPids[0] !== undefined &&
        proxy.workerPids[0] !== victim &&
        proxy.health().workers === 1,
      SOON,
    );
    expect((await askVerified(proxy, machine.root, APP)).status).toBe(200);
  });

  it('do not end at a signal to the whole group', async () => {
    const proxy = await machine.start(machine.config({ routes: [route(APP)] }));
    await untilReady(proxy);
    for (const pid of proxy.workerPids) {
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(pid, signal);
    }
    for (let n = 0; n < 4; n += 1)
      expect((await askVerified(proxy, machine.root, APP)).status).toBe(200);
    expect(proxy.health().workers).toBe(2);
  });

  it('send no session tickets, which nobody could use', async () => {
    const proxy = await machine.start(machine.config({ routes: [route(APP)] }));
    await untilReady(proxy);
    const socket = await openTls(proxy.address.port, APP);
    let tickets = 0;
    socket.on('session', () => (tickets += 1));
    const answer = readUntil(socket, /hello app/);
    socket.write(`GET / HTTP/1.1\r\nHost: ${APP}\r\n\r\n`);
    await answer;
    expect(tickets).toBe(0);
    socket.destroy();
  });

  it('are gone after the end', async () => {
    const proxy = await machine.start(machine.config({ routes: [route(APP)] }));
    const pids = [...proxy.workerPids];
    await proxy.stop({ tunnelGraceMs: 0, deadlineMs: 2_000 });
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });

  it.runIf(process.getuid?.() === 0)('run as the configured user', async () => {
    const proxy = await machine.start(
      machine.config({
        routes: [route(APP)],
        platform: { worker_uid: 65_534, worker_gid: 65_534 },
      }),
    );
    await untilReady(proxy);
    for (const pid of proxy.workerPids) {
      const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
      expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
      expect(status).toMatch(/^Gid:\t65534\t65534\t65534\t65534$/m);
      expect(status).toMatch(/^Groups:\t\s*$/m);
    }
    expect((await askVerified(proxy, machine.root, APP)).status).toBe(200);
  });
});
