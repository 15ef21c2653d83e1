// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { waitFor } from '@proofgate/daemon';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startHttpUpstream, type HttpUpstream } from './support/http-upstream.ts';
import { ask, oneConnection, target } from './support/https-client.ts';
import { askVerified } from './support/proxy-client.ts';
import { startMachine, untilReady, type TestMachine } from './support/test-proxy.ts';

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
    const { port } = proxy.address;
    const agents = Array.from({ length: 16 }, () => oneConnection());
    const askAll = (): Promise<(number | undefined)[]> =>
      Promise.all(
        agents.map(async (agent) =>
          ask(target(port, APP, { agent })).then(
            ({ status }) => status,
            () => undefined,
          ),
        ),
      );
    expect(await askAll()).toEqual(agents.map(() => 200));
    const sockets = agents.map((agent) => Object.values(agent.freeSockets)[0]?.[0]);
    process.kill(proxy.workerPids[0]!, 'SIGKILL');
    await waitFor(() => proxy.health().workers === 1, SOON);
    const open = sockets.filter((socket) => socket?.destroyed === false);
    await waitFor(() => proxy.health().workers === 2, SOON);
    // Those of the other worker are the same connections as before.
    expect(await askAll()).toEqual(agents.map(() => 200));
    const still = agents.map((agent) => Object.values(agent.freeSockets)[0]?.[0]);
    expect(open.length).toBeGreaterThan(0);
    expect(still.filter((socket) => open.includes(socket))).toHaveLength(open.length);
    for (const agent of agents) agent.destroy();
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

  it('are gone after the end', async () => {
    const proxy = await machine.start(machine.config({ routes: [route(APP)] }));
    const pids = [...proxy.workerPids];
    await proxy.stop({ tunnelGraceMs: 0, deadlineMs: 2_000 });
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });

  it('run as the configured user', async () => {
    if (process.getuid?.() !== 0) return;
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
