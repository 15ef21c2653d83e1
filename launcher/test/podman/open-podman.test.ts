// SPDX-License-Identifier: Apache-2.0
import { createServer, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@proofgate/daemon';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openPodman } from '../../src/podman/open-podman.ts';

let directory: string;
let server: Server | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'podman-'));
});

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
  server = undefined;
  await rm(directory, { recursive: true });
});

/** A service that describes itself like this, whatever it is asked. */
async function open(status: number, description: unknown) {
  const socket = join(directory, 'engine.sock');
  server = createServer((_request, response) => {
    response.writeHead(status).end(JSON.stringify(description));
  });
  await new Promise<void>((resolve) => server?.listen(socket, resolve));
  return openPodman({
    owner: '0a1b2c3d',
    dataDir: directory,
    runDir: directory,
    cgroupParent: '/proofgate-0a1b2c3d',
    bootId: 'b'.repeat(32),
    logger: createLogger({ name: 'test', level: 'silent' }),
    socket,
  });
}

function podman(version: string, host: object = {}, more: object = {}): unknown {
  const security = { rootless: false };
  const ociRuntime = { name: 'runc', path: '/usr/sbin/runc' };
  const described = { cgroupManager: 'systemd', security, ociRuntime, ...host };
  const store = { graphDriverName: 'overlay', graphRoot: '/var/lib/containers/storage', ...more };
  return { host: described, store, version: { Version: version } };
}

test('podman of root is used', async () => {
  const opened = await open(200, podman('5.4.0'));
  expect(opened).toMatchObject({ isPrivate: false, socket: join(directory, 'engine.sock') });
  expect(opened.reason).toMatch(/^podman 5\.4\.0 answers on /);
  expect(opened.engine.kind).toBe('podman');
  expect(opened.engine.features).toEqual({
    oomReports: true,
    userNamespaces: true,
    checkedBeforeStart: true,
  });
  await opened.shutDown();
});

test('with another runtime than runc, nothing could be checked before it starts', async () => {
  const opened = open(200, podman('5.4.0', { ociRuntime: { name: 'crun' } }));
  await expect(opened).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_RUNTIME_UNAVAILABLE',
    expected: 'runc',
    hint: expect.stringContaining('podman_socket') as string,
  });
});

test('podman 4 does not see what conmon reports about memory', async () => {
  const opened = await open(200, podman('4.9.3'));
  expect(opened.engine.features.oomReports).toBe(false);
  await opened.shutDown();
});

test.each([
  ['without root', 200, podman('5.0.0', { security: { rootless: true } })],
  ['with another storage driver', 200, podman('5.0.0', {}, { graphDriverName: 'vfs' })],
  ['docker', 400, { message: 'client version 4.0.0 is too new' }],
  ['another server', 404, { message: 'page not found' }],
])('what is %s is of no use', async (_what, status, description) => {
  await expect(open(status, description)).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_RUNTIME_UNAVAILABLE',
  });
});

test('a description that is none is refused', async () => {
  await expect(open(200, [])).rejects.toMatchObject({ code: 'ERR_LAUNCHER_ENGINE_REFUSED' });
});
