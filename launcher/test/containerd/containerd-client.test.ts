// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { createLogger, waitFor } from '@proofgate/daemon';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ContainerdClient } from '../../src/containerd/containerd-client.ts';
import { ignoreEnded } from '../../src/containerd/containerd-error.ts';
import { TASKS, VERSION } from '../../src/containerd/methods.ts';
import { TaskEvents } from '../../src/containerd/task-events.ts';
import { MAX_REFUSALS, taskExit } from '../../src/containerd/task-exit.ts';
import { fakeContainerd, type FakeContainerd, type FakeServices } from './fake-containerd.ts';

type Call = ServerUnaryCall<Record<string, unknown>, object>;
type Answer = sendUnaryData<object>;

const forever = new AbortController().signal;
const PROCESS = { containerId: 'app' };

let directory: string;
let socket: string;
let client: ContainerdClient;
const fakes: FakeContainerd[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ctd-'));
  socket = join(directory, 's');
  client = new ContainerdClient(socket, 'mine');
});

afterEach(() => {
  client.close();
  for (const fake of fakes.splice(0)) fake.kill();
  rmSync(directory, { recursive: true });
});

async function serve(services: FakeServices): Promise<FakeContainerd> {
  const fake = await fakeContainerd(socket, services);
  fakes.push(fake);
  return fake;
}

function failing(code: status, details = 'no') {
  return (_: Call, answer: Answer) => {
    answer({ code, details });
  };
}

test('says in which namespace and under which lease it asks', async () => {
  const seen: unknown[] = [];
  await serve({
    'version.v1.Version': {
      Version: ({ metadata }: Call, answer: Answer) => {
        seen.push(metadata.get('containerd-namespace'), metadata.get('containerd-lease'));
        answer(null, { version: '1.6.20' });
      },
    },
  });
  expect(await client.call(VERSION, {}, { lease: 'l' })).toEqual({
    version: '1.6.20',
    revision: '',
  });
  expect(seen).toEqual([['mine'], ['l']]);
});

test('waits for a containerd that is starting, unless it is not to', async () => {
  const fast = client.call(VERSION, {}, { failFast: true });
  await expect(fast).rejects.toMatchObject({ code: 'ERR_LAUNCHER_ENGINE_UNAVAILABLE' });
  const waiting = client.call(VERSION, {});
  const version = {
    Version: (_: Call, answer: Answer) => {
      answer(null, { version: '2' });
    },
  };
  await serve({ 'version.v1.Version': version });
  expect(await waiting).toMatchObject({ version: '2' });
});

test('gives up when there is no answer in time, when told, and when it is closed', async () => {
  await serve({ 'tasks.v1.Tasks': { Wait: () => undefined } });
  const late = client.call(TASKS.wait, PROCESS, { timeoutMs: 50 });
  await expect(late).rejects.toMatchObject({ code: 'ERR_LAUNCHER_ENGINE_UNAVAILABLE' });
  const stop = new AbortController();
  const stopped = client.call(TASKS.wait, PROCESS, { signal: stop.signal });
  stop.abort(new Error('enough'));
  await expect(stopped).rejects.toThrow('enough');
  await expect(client.call(TASKS.wait, PROCESS, { signal: stop.signal })).rejects.toThrow('enough');
  const endless = taskExit(client, PROCESS, forever);
  client.close();
  await expect(endless).rejects.toMatchObject({ code: 'ERR_LAUNCHER_ENGINE_UNAVAILABLE' });
});

test('reports what containerd says no to', async () => {
  await serve({ 'tasks.v1.Tasks': { Kill: failing(status.NOT_FOUND, 'no task') } });
  const refused = client.call(TASKS.kill, { ...PROCESS, signal: 9, all: true });
  await expect(refused).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_ENGINE_REFUSED',
    message: 'containerd refused Tasks/Kill: no task',
  });
});

test('takes a shim that ends while it is told to end something for one that has', async () => {
  await serve({ 'tasks.v1.Tasks': { Kill: failing(status.UNKNOWN, 'ttrpc: closed: unknown') } });
  const kill = { ...PROCESS, signal: 15, all: false };
  expect(await client.call(TASKS.kill, kill).catch(ignoreEnded)).toBeUndefined();
});

test('asks again how a process ended when containerd goes away and comes back', async () => {
  let asked = 0;
  const Wait = (_: Call, answer: Answer): void => {
    asked += 1;
    if (asked > 1) answer(null, { exitStatus: 44, exitedAt: { seconds: 7 } });
  };
  const fake = await serve({ 'tasks.v1.Tasks': { Wait } });
  const ended = taskExit(client, PROCESS, forever);
  await waitFor(() => asked === 1, { timeoutMs: 5_000 });
  fake.kill();
  await serve({ 'tasks.v1.Tasks': { Wait } });
  expect(await ended).toEqual({ exitStatus: 44, exitedAt: { seconds: 7, nanos: 0 } });
});

test('knows nothing about the end of a process that is not there', async () => {
  await serve({ 'tasks.v1.Tasks': { Wait: failing(status.NOT_FOUND) } });
  expect(await taskExit(client, PROCESS, forever)).toBeUndefined();
});

test('stops asking when containerd goes on refusing', async () => {
  let asked = 0;
  const refuse = failing(status.UNKNOWN, 'ttrpc: closed');
  const Wait = (call: Call, answer: Answer): void => {
    asked += 1;
    refuse(call, answer);
  };
  await serve({ 'tasks.v1.Tasks': { Wait } });
  await expect(taskExit(client, PROCESS, forever)).rejects.toThrow('ttrpc: closed');
  expect(asked).toBe(MAX_REFUSALS);
});

test('listens again after an outage, and brings containerd back before', async () => {
  const oom = Buffer.from([0x0a, 3, ...Buffer.from('app')]);
  const filters: unknown[] = [];
  const events = {
    Subscribe: (call: { request: { filters: unknown }; write: (event: object) => void }) => {
      filters.push(call.request.filters);
      const event = { typeUrl: 'containerd.events.TaskOOM', value: oom };
      call.write({ timestamp: { seconds: 5 }, namespace: 'mine', topic: '/tasks/oom', event });
      call.write({
        namespace: 'mine',
        topic: '/tasks/exit',
        event: { typeUrl: 'x', value: Buffer.from([0xff]) },
      });
    },
  };
  const fake = await serve({ 'events.v1.Events': events });
  let revived = 0;
  const revive = async (): Promise<void> => {
    revived += 1;
    if (revived === 1) throw new Error('not yet');
    if (revived === 2) await serve({ 'events.v1.Events': events });
  };
  const logger = createLogger({ name: 'test', level: 'silent' });
  const listening = new TaskEvents({ client, namespace: 'mine', revive, logger });
  try {
    const heard = () => listening.lastOutOfMemory('app');
    await waitFor(() => heard() === 5_000, { timeoutMs: 5_000 });
    listening.forget('app');
    expect(heard()).toBeUndefined();
    fake.kill();
    await waitFor(() => heard() === 5_000, { timeoutMs: 5_000 });
    expect(revived).toBeGreaterThanOrEqual(2);
    expect(filters[0]).toEqual(['namespace==mine,topic=="/tasks/oom"']);
  } finally {
    await listening.close();
  }
});
