// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { open, lstat, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { replayRuntimeEvents, toHex } from '@proofgate/evidence';
import { describe, expect, test } from 'vitest';
import type { MeasuredWorkload } from '../../src/measurement/measured-workload.ts';
import { planWorkload } from '../../src/measurement/measurement-plan.ts';
import { MAX_WORKLOAD_REQUEST_BYTES } from '../../src/workload-api/workload-requests.ts';
import type { WorkloadSockets } from '../../src/workload-api/workload-sockets.ts';
import { isRoot } from '../fixtures.ts';
import { askSocket, container, runOf, socketStage } from './stage.ts';

describe('the identity of a workload', () => {
  test('is what everybody else is told about it', async () => {
    const stage = await socketStage();
    const sockets = await stage.open();
    const measured = container({ app_id: '11111111-2222-3333-4444-555555555555' });
    await stage.load(container({ name: 'other' }));
    await stage.load(measured);
    const directory = await sockets.give(measured);
    const answer = await askSocket(join(directory, 'workload.sock'), 'GET', '/v1/identity');
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.body).toEqual({
      version: 1,
      name: 'web',
      imageRef: `ghcr.io/example/web@sha256:${'c0'.repeat(32)}`,
      imageDigest: 'c0'.repeat(32),
      configRoot: planWorkload(measured).root,
      specDigest: 'e0'.repeat(32),
      appId: '11111111222233334444555555555555',
      hostnames: ['web.example.com'],
      platform: {
        tee: 'tdx',
        simulated: true,
        runtimeVersion: 'launcher/1',
        imageProfile: 'dev',
        root: 'ab'.repeat(32),
        caSpkiSha256: 'cd'.repeat(32),
      },
      eventLog: { length: 2, loadedAt: 1, rtmr3: toHex(replayRuntimeEvents(stage.events)) },
      configuration: { awaited: false, completed: false },
    });
  });

  test('shows what is not there, too', async () => {
    const stage = await socketStage();
    const sockets = await stage.open();
    const measured = container({ internal: true });
    const directory = await sockets.give(measured);
    await stage.load({ ...measured, imageDigest: 'd0'.repeat(32), imageRef: 'another' });
    const { body } = await askSocket(join(directory, 'workload.sock'), 'GET', '/v1/identity');
    expect(body).toMatchObject({ hostnames: [], eventLog: { length: 1, loadedAt: null } });
    expect(body).not.toHaveProperty('appId');
  });

  test('says whether it waits to be configured, which it may end itself', async () => {
    const stage = await socketStage();
    const sockets = await stage.open();
    const measured = container({ config_api: { path: '/configure' } });
    const directory = await sockets.give(measured);
    const socket = join(directory, 'workload.sock');
    const configuration = async (): Promise<unknown> =>
      ((await askSocket(socket, 'GET', '/v1/identity')).body as { configuration: unknown })
        .configuration;
    expect(await configuration()).toEqual({ awaited: true, completed: false });
    const complete = (): Promise<unknown> => askSocket(socket, 'POST', '/v1/config-complete');
    expect(await complete()).toMatchObject({ status: 200, body: { status: 'ok', awaited: true } });
    expect(await complete()).toMatchObject({ status: 200, body: { status: 'ok', awaited: false } });
    expect(await configuration()).toEqual({ awaited: true, completed: true });
    expect(sockets.find(measured)?.configure?.open).toBe(true);
    expect(stage.changes()).toBe(1);
  });
});

describe('the socket', () => {
  test.each<[string, string, string, unknown, number, string]>([
    ['an unknown path', 'GET', '/', undefined, 404, 'ERR_LAUNCHER_WORKLOAD_REQUEST'],
    [
      'a path that begins alike',
      'GET',
      '/v1/identity/',
      undefined,
      404,
      'ERR_LAUNCHER_WORKLOAD_REQUEST',
    ],
    [
      'a path of the launcher',
      'GET',
      '/v1/workloads',
      undefined,
      404,
      'ERR_LAUNCHER_WORKLOAD_REQUEST',
    ],
    ['a path of objects', 'GET', '/constructor', undefined, 404, 'ERR_LAUNCHER_WORKLOAD_REQUEST'],
    ['another method', 'POST', '/v1/identity', {}, 405, 'ERR_LAUNCHER_WORKLOAD_REQUEST'],
    ['evidence without JSON', 'POST', '/v1/evidence', 'x', 422, 'ERR_DAEMON_JSON_INVALID'],
    ['evidence over a list', 'POST', '/v1/evidence', [], 422, 'ERR_LAUNCHER_WORKLOAD_REQUEST'],
    ['evidence over nothing', 'POST', '/v1/evidence', {}, 422, 'ERR_LAUNCHER_WORKLOAD_REQUEST'],
    [
      'evidence over no bytes',
      'POST',
      '/v1/evidence',
      { data: '' },
      422,
      'ERR_LAUNCHER_WORKLOAD_REQUEST',
    ],
    [
      'evidence over hex',
      'POST',
      '/v1/evidence',
      { data: 'zz==x' },
      422,
      'ERR_LAUNCHER_WORKLOAD_REQUEST',
    ],
    [
      'evidence for another name',
      'POST',
      '/v1/evidence',
      { data: 'AAAA', name: 'x' },
      422,
      'ERR_LAUNCHER_WORKLOAD_REQUEST',
    ],
    [
      'evidence over too much',
      'POST',
      '/v1/evidence',
      { data: 'A'.repeat(5_464) },
      422,
      'ERR_LAUNCHER_WORKLOAD_REQUEST',
    ],
    [
      'a member named __proto__',
      'POST',
      '/v1/evidence',
      '{"data":"AAAA","__proto__":1}',
      422,
      'ERR_LAUNCHER_WORKLOAD_REQUEST',
    ],
    [
      'a large request',
      'PUT',
      '/v1/extensions',
      ' '.repeat(MAX_WORKLOAD_REQUEST_BYTES + 1),
      413,
      'ERR_DAEMON_BODY_TOO_LARGE',
    ],
  ])('refuses %s', async (_, method, path, body, status, code) => {
    const stage = await socketStage();
    const sockets = await stage.open();
    const directory = await sockets.give(container());
    const answer = await askSocket(join(directory, 'workload.sock'), method, path, body);
    expect(answer).toMatchObject({ status, body: { code } });
    if (status === 405) expect(answer.headers).toHaveProperty('allow', 'GET');
  });

  test('is found by the name of the workload', async () => {
    const stage = await socketStage();
    const sockets = await stage.open();
    const [first, second] = [container(), container({ name: 'other' })];
    for (const measured of [first, second]) await sockets.give(measured);
    for (const name of ['web', 'other']) {
      const path = join(stage.runDir, 'workload', `${name}.sock`);
      expect((await askSocket(path, 'GET', '/v1/identity')).body).toMatchObject({ name });
    }
  });

  test('is that of the version given last, and goes with it', async () => {
    const stage = await socketStage();
    const sockets = await stage.open();
    const [old, next] = [container(), { ...container(), specDigest: 'e1'.repeat(32) }];
    await sockets.give(old);
    await sockets.give(next);
    const path = join(stage.runDir, 'workload', 'web.sock');
    const specDigest = async (): Promise<unknown> =>
      (await askSocket(path, 'GET', '/v1/identity')).body;
    expect(await specDigest()).toMatchObject({ specDigest: 'e1'.repeat(32) });
    await sockets.remove(old);
    expect(await specDigest()).toMatchObject({ specDigest: 'e1'.repeat(32) });
    await sockets.remove(next);
    await sockets.remove(next);
    expect(await readdir(join(stage.runDir, 'workload'))).toEqual(['.sockets']);
    expect(await readdir(join(stage.runDir, 'workload', '.sockets'))).toEqual([]);
  });

  test('is made anew in the same directory by the next launcher', async () => {
    const stage = await socketStage();
    const measured = container();
    const before = await stage.open();
    const directory = await before.give(measured);
    // As a mount or an inherited descriptor holds it.
    const held = await open(directory);
    const socket = `/proc/self/fd/${String(held.fd)}/workload.sock`;
    expect(await askSocket(socket, 'GET', '/v1/identity')).toMatchObject({ status: 200 });
    await before.close();
    await expect(askSocket(socket, 'GET', '/v1/identity')).rejects.toThrow();
    const after = await stage.open();
    await after.adopted(measured, runOf('web-1').instance);
    expect(await askSocket(socket, 'GET', '/v1/identity')).toMatchObject({ status: 200 });
    expect((await held.stat()).ino).toBe((await stat(directory)).ino);
    await held.close();
  });

  test('stays with a run that goes on under another description', async () => {
    const stage = await socketStage();
    const [before, after] = [container(), container({ stop_grace: '1s' })];
    const first = await stage.open();
    const directory = await first.give(before);
    await first.started(before, runOf('web-1').instance);
    await first.close();
    const next = await stage.open();
    await next.adopted(after, runOf('web-1').instance);
    expect(next.find(after)?.directory).toBe(directory);
    // What was described like it before gets another one.
    const other = await next.give(before);
    expect(other).not.toBe(directory);
    await next.started(before, runOf('web-2').instance);
    await next.close();
    const last = await stage.open();
    await last.adopted(before, runOf('web-2').instance);
    await last.adopted(after, runOf('web-1').instance);
    expect(last.find(before)?.directory).toBe(other);
    expect(last.find(after)?.directory).toBe(directory);
  });

  test('has a path that is short enough for the longest name', async () => {
    const stage = await socketStage();
    const sockets = await stage.open();
    const measured = container({ name: 'n'.repeat(63) });
    await sockets.give(measured);
    const path = join(stage.runDir, 'workload', `${'n'.repeat(63)}.sock`);
    expect(await askSocket(path, 'GET', '/v1/identity')).toMatchObject({ status: 200 });
    expect(await readlink(path)).not.toMatch(/^\//);
  });
});

describe.runIf(isRoot)('who may use the socket', () => {
  const OWNER = { uid: 54_321, gid: 54_322 };

  async function givenTo(sockets: WorkloadSockets, measured: MeasuredWorkload): Promise<string> {
    const directory = await sockets.give(measured);
    await sockets.assign(measured, OWNER);
    return directory;
  }

  /** What a process of a user gets from a path, with a directory inherited as descriptor 3. */
  async function askAs(
    user: { readonly uid: number; readonly gid: number },
    directory: string,
    path: string,
  ): Promise<string> {
    const held = await open(directory);
    const source = `const say = (text) => { console.log(text); process.exit(); };
      require('node:http').get({ socketPath: ${JSON.stringify(path)}, path: '/v1/identity' },
        (response) => say(response.statusCode)).on('error', (error) => say(error.code));`;
    const child = spawn(process.execPath, ['-e', source], {
      ...user,
      cwd: '/',
      env: {},
      stdio: ['ignore', 'pipe', 'inherit', held.fd],
    });
    await held.close();
    let output = '';
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) output += chunk.toString();
    return output.trim();
  }

  test('is its workload alone, through its directory alone', async () => {
    const stage = await socketStage();
    const sockets = await stage.open();
    const directory = await sockets.give(container());
    const through = '/proc/self/fd/3/workload.sock';
    // Nobody's, until it is known whom the workload runs as.
    expect(await askAs(OWNER, directory, through)).toBe('EACCES');
    await sockets.assign(container(), OWNER);
    expect(await askAs(OWNER, directory, through)).toBe('200');
    // Another workload that somehow came by the directory, and the workload without it.
    expect(await askAs({ uid: 54_323, gid: OWNER.gid }, directory, through)).toBe('EACCES');
    expect(await askAs(OWNER, '/', join(directory, 'workload.sock'))).toBe('EACCES');
    expect(await askAs(OWNER, '/', join(stage.runDir, 'workload', 'web.sock'))).toBe('EACCES');
    // From the directory there is no way to the others.
    await givenTo(sockets, container({ name: 'other' }));
    const [id] = await readdir(join(stage.runDir, 'workload', 'other'));
    const sideways = `/proc/self/fd/3/../../other/${id ?? ''}/workload.sock`;
    expect(await askAs(OWNER, directory, sideways)).toBe('EACCES');
  });

  test('stays the same after a restart of the launcher', async () => {
    const stage = await socketStage();
    const before = await stage.open();
    const directory = await givenTo(before, container());
    await before.close();
    const after = await stage.open();
    await after.adopted(container(), runOf('web-1').instance);
    const { uid, gid, mode } = await lstat(join(directory, 'workload.sock'));
    expect([uid, gid, mode & 0o777]).toEqual([OWNER.uid, OWNER.gid, 0o600]);
    const places = [
      'workload',
      'workload/web',
      `workload/web/${directory.split('/').at(-1) ?? ''}`,
    ];
    const modes = await Promise.all(places.map((place) => stat(join(stage.runDir, place))));
    expect(modes.map((found) => [found.uid, found.mode & 0o777])).toEqual([
      [0, 0o700],
      [0, 0o700],
      [0, 0o711],
    ]);
  });
});
