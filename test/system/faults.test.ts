// SPDX-License-Identifier: Apache-2.0
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import { fetchFrom } from './support/https-request.ts';
import { LoadLoop } from './support/load-loop.ts';
import { connectionsOn } from './support/processes.ts';
import { MACHINE_DOMAIN } from './support/stack-config.ts';
import { testWithStack } from './support/stack-test.ts';
import { startStack, type Stack } from './support/stack.ts';
import { startHeldUpstream } from './support/upstream.ts';

const it = testWithStack();

const CONNECTIONS = 24;
/** Answers after which a load has settled on its connections, and after which a fault has had its effect. */
const ENOUGH_ANSWERS = 300;
/** For something that takes a second on a machine with nothing else to do. */
const SOON = { timeoutMs: 30_000 };

/** A stack that does not end by itself is killed after a while; removing it takes that long at most. */
const CLEAN_UP_MS = 60_000;

const loadOn = ({ hello }: Stack): LoadLoop =>
  new LoadLoop({ endpoint: hello, path: '/', connections: CONNECTIONS });

async function moreAnswers(load: LoadLoop): Promise<void> {
  const wanted = load.answered + ENOUGH_ANSWERS;
  await waitFor(() => load.answered >= wanted, { ...SOON, what: `${String(wanted)} answers` });
}

/** The workload as the launcher sees it. */
async function workload(stack: Stack): Promise<{ pid: number; state: string; restarts: number }> {
  const { workloads } = (await stack.ask('launcher.sock', '/v1/workloads')) as {
    readonly workloads: readonly [{ pid: number; state: string; restarts: number }];
  };
  return workloads[0];
}

/** The worker with the most of the load's connections, and how many these are. */
function busiest(
  { files }: Stack,
  workers: readonly number[],
): Promise<{ pid: number; connections: number }> {
  const settled = (): { pid: number; connections: number } | undefined => {
    const counts = workers.map((pid) => ({ pid, connections: connectionsOn(pid, files.port) }));
    const total = counts.reduce((sum, { connections }) => sum + connections, 0);
    if (total !== CONNECTIONS) return undefined;
    return counts.toSorted((a, b) => b.connections - a.connections)[0];
  };
  return waitFor(settled, { ...SOON, what: `${String(CONNECTIONS)} connections` });
}

describe('under load', () => {
  it('loses nothing but the requests in flight of a worker that is killed', async ({ stack }) => {
    const load = loadOn(stack);
    await moreAnswers(load);
    const before = stack.pids('worker');
    expect(before).toHaveLength(2);
    const victim = await busiest(stack, before);

    process.kill(victim.pid, 'SIGKILL');
    // Right after the death: the other worker takes new connections.
    expect(await fetchFrom(stack.hello, '/')).toMatchObject({ status: 200 });
    const replaced = (): boolean => {
      const now = stack.pids('worker');
      return now.length === 2 && !now.includes(victim.pid);
    };
    await waitFor(replaced, { ...SOON, what: 'a new worker' });
    await moreAnswers(load);
    await load.stop();

    expect(load.failures.length, load.failures.join('\n')).toBeLessThanOrEqual(victim.connections);
    const survivor = before.find((pid) => pid !== victim.pid);
    expect(stack.pids('worker')).toContain(survivor);
  });

  it('loses nothing when the launcher is killed, and the next one adopts the app', async ({
    stack,
  }) => {
    const { pid: app } = await workload(stack);
    const events = await stack.ask('launcher.sock', '/v1/eventlog');
    const launcher = stack.pidOf('launcher');
    const load = loadOn(stack);
    await moreAnswers(load);

    process.kill(launcher, 'SIGKILL');
    const restarted = async (): Promise<boolean> => {
      const health = await stack.ask('launcher.sock', '/healthz').catch(() => undefined);
      return (health as { status?: string } | undefined)?.status === 'ok';
    };
    await waitFor(() => !stack.pids('launcher').includes(launcher), SOON);
    await waitFor(restarted, { ...SOON, what: 'a new launcher' });
    await moreAnswers(load);
    await load.stop();

    expect(load.failures).toEqual([]);
    expect(stack.pidOf('launcher')).not.toBe(launcher);
    expect(await workload(stack)).toMatchObject({ pid: app, restarts: 0 });
    expect(stack.pidOf('workload')).toBe(app);
    expect(await stack.ask('launcher.sock', '/v1/eventlog')).toEqual(events);
  });

  it('answers 502 while the app is down, and serves again after its restart', async ({ stack }) => {
    const { pid } = await workload(stack);
    process.kill(pid, 'SIGKILL');
    const refused = await waitFor(
      async () => {
        const answer = await fetchFrom(stack.hello, '/');
        return answer.status === 200 ? undefined : answer;
      },
      { ...SOON, what: 'a refusal' },
    );
    expect(refused).toMatchObject({
      status: 502,
      headers: { 'content-type': 'application/json' },
    });
    expect(JSON.parse(refused.body)).toMatchObject({
      error: expect.any(String) as string,
      code: expect.stringMatching(/^ERR_PROXY_UPSTREAM_/) as string,
    });
    await waitFor(async () => (await fetchFrom(stack.hello, '/')).status === 200, SOON);
    const restarted = await workload(stack);
    expect(restarted.pid).not.toBe(pid);
    expect(restarted.restarts).toBeGreaterThan(0);
  });
});

/** A stack with a route to a server that answers when the test says so, four requests to it under way. */
async function stackWithRequestsUnderWay(
  onEnd: (clean: () => Promise<void>, timeoutMs: number) => void,
): Promise<{
  stack: Stack;
  answers: Promise<PromiseSettledResult<{ status: number; body: string }>[]>;
  release: () => void;
}> {
  const upstream = await startHeldUpstream();
  onEnd(() => upstream.close(), CLEAN_UP_MS);
  const hostname = `slow.${MACHINE_DOMAIN}`;
  const stack = await startStack({ routes: [{ hostname, upstream: upstream.upstream }] });
  onEnd(() => stack.remove(), CLEAN_UP_MS);
  const requests = ['/a', '/b', '/c', '/d'].map((path) =>
    fetchFrom(stack.endpoint(hostname), path),
  );
  const answers = Promise.allSettled(requests);
  await waitFor(() => upstream.waiting() === requests.length, SOON);
  return { stack, answers, release: () => upstream.release('late') };
}

/** Whether a TCP connection is refused. */
function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}

describe('the end of proofgate up', () => {
  test.for<[string, (stack: Stack) => void]>([
    ['SIGTERM of a service manager', (stack) => stack.signal('SIGTERM')],
    ['Ctrl-C, which a terminal sends to all processes', (stack) => stack.signalGroup('SIGINT')],
    ['the end of the terminal, which does the same', (stack) => stack.signalGroup('SIGHUP')],
  ])('finishes what is under way and leaves nothing: %s', async ([, stop], { onTestFinished }) => {
    const { stack, answers, release } = await stackWithRequestsUnderWay(onTestFinished);
    stop(stack);
    const { port } = stack.files;
    await waitFor(() => isRefused(port), { ...SOON, what: 'a refused connection' });
    release();
    const answer = { status: 'fulfilled', value: { status: 200, body: 'late' } };
    expect(await answers).toMatchObject([answer, answer, answer, answer]);
    expect(await stack.ended).toEqual({ code: 0, signal: null });
    await stack.untilGone();
  });

  test('takes everything with it when it is killed', async ({ onTestFinished }) => {
    const stack = await startStack();
    onTestFinished(() => stack.remove(), CLEAN_UP_MS);
    expect(stack.processes().length).toBeGreaterThanOrEqual(6);
    stack.signal('SIGKILL');
    expect(await stack.ended).toEqual({ code: null, signal: 'SIGKILL' });
    await stack.untilGone();
    expect(await isRefused(stack.files.port)).toBe(true);
  });
});
