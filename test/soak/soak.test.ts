// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'node:tls';
import { expect, it } from 'vitest';
import { processUsage } from '@proofgate/bench';
import { waitFor } from '@proofgate/daemon';
import { newIntermediary } from '../../proxy/test/test-ca.ts';
import { startMachine, untilReady } from '../../proxy/test/test-proxy.ts';
import { SOAK } from './soak-settings.ts';
import { startUpstreams } from './soak-upstreams.ts';
import {
  eventTraffic,
  evidenceTraffic,
  http2Traffic,
  httpTraffic,
  repeat,
  tcpTraffic,
  webSocketTraffic,
  type Destination,
  type Traffic,
} from './traffic.ts';

const WEB = 'app.example.com';
const TCP = 'db.example.com';
/** Clients of each kind. */
const CLIENTS = 2;
/** How long a client may take to find out that its connection has died with the worker. */
const NOTICED_MS = 2_000;
/** Time to start and to stop everything. */
const AROUND_MS = 60_000;
const TICK_MS = 1_000;

interface Failure {
  readonly name: string;
  readonly message: string;
  readonly began: number;
  readonly ended: number;
}

it(
  `serves ${String(SOAK.seconds)} s of mixed traffic through rotations, churn and deaths of workers`,
  async ({ onTestFinished }) => {
    const upstreams = await startUpstreams();
    onTestFinished(() => upstreams.close());
    const machine = await startMachine();
    onTestFinished(() => machine.close());
    const web = `http://127.0.0.1:${String(upstreams.http)}`;
    const config = (extra: readonly string[]) =>
      machine.config({
        routes: [
          { hostname: WEB, upstream: web },
          { hostname: TCP, mode: 'tcp', upstream: `127.0.0.1:${String(upstreams.tcp)}` },
          ...extra.map((hostname) => ({ hostname, upstream: web })),
        ],
      });
    const proxy = await machine.start(config([]));
    await untilReady(proxy);
    // This one lives throughout, and its memory is looked at; it is its neighbours who die.
    const [survivor = 0] = proxy.workerPids;

    const to: Destination = { port: proxy.address.port, ca: machine.root, web: WEB, tcp: TCP };
    const failures: Failure[] = [];
    const kills: number[] = [];
    const done = new Map<string, number>();
    const over = new AbortController();
    const clients = (await trafficTo(to)).map((traffic) =>
      repeat(traffic, over.signal, (began, error) => {
        if (error === undefined) {
          done.set(traffic.name, (done.get(traffic.name) ?? 0) + 1);
          return;
        }
        const message = error instanceof Error ? error.message : String(error);
        failures.push({ name: traffic.name, message, began, ended: performance.now() });
      }),
    );

    const memory: number[] = [];
    for (let second = 1; second <= SOAK.seconds; second += 1) {
      await pause(TICK_MS);
      memory.push(processUsage(survivor)?.rssBytes ?? NaN);
      if (second % SOAK.rotateSeconds === 0) {
        await machine.writeCa(await newIntermediary(machine.rootIdentity));
      }
      await proxy.reload(config([`churn-${String(second % 7)}.example.com`]));
      if (second % SOAK.killSeconds === 0) {
        const victim = proxy.workerPids.find((pid) => pid !== survivor);
        if (victim !== undefined) process.kill(victim, 'SIGKILL');
        kills.push(performance.now());
      }
    }
    over.abort();
    await Promise.all(clients);

    const isExcused = ({ began, ended, message }: Failure): boolean =>
      !message.startsWith('status') &&
      !message.includes('came back') &&
      kills.some((kill) => began <= kill + NOTICED_MS && ended >= kill);
    expect(failures.filter((failure) => !isExcused(failure))).toEqual([]);
    // At most what every client had in flight, and once more on what it did not know to be dead.
    expect(failures.length).toBeLessThanOrEqual(kills.length * clients.length * 2);
    for (const count of done.values()) expect(count).toBeGreaterThan(SOAK.seconds);
    expect(done.size).toBe(clients.length / CLIENTS);
    await waitFor(() => proxy.workerPids.length === 2, {
      timeoutMs: 15_000,
      what: 'the last killed worker to be replaced',
    });
    expect(proxy.workerPids).toContain(survivor);
    expect(growth(memory)).toBeLessThan(SOAK.memoryGrowth);
  },
  SOAK.seconds * 2_000 + AROUND_MS,
);

async function trafficTo(to: Destination): Promise<Traffic[]> {
  const kinds = [
    () => httpTraffic(to, true),
    () => httpTraffic(to, false),
    () => eventTraffic(to),
    () => evidenceTraffic(to),
    () => webSocketTraffic(to),
    () => tcpTraffic(to),
    ...((await offersHttp2(to)) ? [() => http2Traffic(to)] : []),
  ];
  return kinds.flatMap((kind) => Array.from({ length: CLIENTS }, kind));
}

async function offersHttp2({ port, ca, web }: Destination): Promise<boolean> {
  const socket = connect({
    ...{ host: '127.0.0.1', port, ca, servername: web },
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  socket.destroy();
  return socket.alpnProtocol === 'h2';
}

/** By how much the last quarter is above the second one, as medians: the first one is for warming up. */
function growth(samples: readonly number[]): number {
  const quarter = Math.floor(samples.length / 4);
  const middle = (part: readonly number[]): number =>
    part.toSorted((a, b) => a - b)[Math.floor(part.length / 2)] ?? NaN;
  return middle(samples.slice(-quarter)) / middle(samples.slice(quarter, 2 * quarter)) - 1;
}
