// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { containerConfigSchema, type ContainerConfig } from '@proofgate/api';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { verifyAdoption } from '../../launcher/src/container-runtime/adoption.ts';
import { ContainerPreparation } from '../../launcher/src/container/container-preparation.ts';
import type { ContainerSpec } from '../../launcher/src/container/container-spec.ts';
import { verifyConfinement } from '../../launcher/src/container/confinement/verify-confinement.ts';
import { findInitProgram } from '../../launcher/src/container/init-program.ts';
import { APP_ID, busyboxImage } from './support/oci-programs.ts';
import { verifiedImageOf } from './support/oci-verified.ts';
import { runcBundle, type RuncBundle } from './support/runc-bundle.ts';

/** On a disk, unlike a launcher's in production: the secrets then need a file system of their own. */
const DIRECTORY = mkdtempSync(join(tmpdir(), 'preparation-'));
const [DATA, RUN, SOCKETS] = ['data', 'run', 'sockets'].map((name) => join(DIRECTORY, name)) as [
  string,
  string,
  string,
];

let bundle: RuncBundle;
let preparation: ContainerPreparation;
let image: Awaited<ReturnType<typeof verifiedImageOf>>;
let server: Server;

beforeAll(async () => {
  chmodSync(DIRECTORY, 0o711);
  mkdirSync(join(DATA, 'secrets'), { recursive: true, mode: 0o700 });
  mkdirSync(RUN, { mode: 0o750 });
  mkdirSync(SOCKETS, { mode: 0o711 });
  writeFileSync(join(DATA, 'secrets/key'), 'hush', { mode: 0o600 });
  server = createServer((socket) => socket.end('hello\n'));
  await new Promise<void>((resolve) => server.listen(join(SOCKETS, 'workload.sock'), resolve));
  chownSync(join(SOCKETS, 'workload.sock'), APP_ID, APP_ID);
  bundle = runcBundle();
  image = await verifiedImageOf(busyboxImage(), DIRECTORY);
  const init = await findInitProgram();
  expect(init).toBeDefined();
  const machine = { dataDir: DATA, runDir: RUN, owner: 'c0ffee01', maxOpenFiles: 4_096 };
  preparation = new ContainerPreparation({ ...machine, init });
});

afterEach(() => {
  bundle.clear();
});

afterAll(async () => {
  bundle.close();
  await new Promise((resolve) => server.close(resolve));
  rmSync(DIRECTORY, { recursive: true, force: true });
});

/** Says, line by line, what a container can do with what it was given. */
const SCRIPT = `
set -u
say() { echo "$1: $(shift; "$@" 2>&1 | busybox tr '\\n' ' ')"; }
say user busybox id
say first busybox sh -c 'busybox head -c 12 /proc/1/cmdline | busybox tr "\\0" " "'
say secret busybox cat /run/secrets/key
say 'secret mode' busybox stat -c '%a %u' /run/secrets/key /run/secrets
say 'change secret' busybox sh -c 'echo x >/run/secrets/key'
say 'add secret' busybox touch /run/secrets/more
say hosts busybox grep -c box /etc/hosts
say 'change hosts' busybox sh -c 'echo x >/etc/hosts'
say resolver busybox grep -c nameserver /etc/resolv.conf
say volume busybox sh -c 'echo kept >/srv/file && busybox cat /srv/file'
say 'run from volume' busybox sh -c 'busybox cp /bin/busybox /srv/busybox && /srv/busybox true'
say tmp busybox sh -c 'echo t >/tmp/t && busybox cat /tmp/t'
say 'run from tmp' busybox sh -c 'busybox cp /bin/busybox /tmp/busybox && /tmp/busybox true'
say run busybox sh -c 'echo r >/run/r && busybox cat /run/r'
say root busybox touch /x
say low-port busybox cat /proc/sys/net/ipv4/ip_unprivileged_port_start
say socket busybox sh -c 'test -S /run/proofgate/workload.sock && echo there'
say environment busybox sh -c 'echo $PORT $PROOFGATE_WORKLOAD $A'
say host busybox hostname
`;

function workload(fields: Readonly<Record<string, unknown>> = {}): ContainerConfig {
  return containerConfigSchema.parse({
    name: 'box',
    port: 8000,
    image: `registry.example.com/${image.reference}`,
    command: ['/bin/busybox', 'sh', '-c', SCRIPT],
    env: { A: 'declared' },
    secrets: [{ name: 'key', file: join(DATA, 'secrets/key') }],
    volumes: [`${DATA}/volumes/srv:/srv`],
    ...fields,
  });
}

function prepare(id: string, config: ContainerConfig): Promise<ContainerSpec> {
  return preparation.prepare({
    id,
    workload: config,
    image,
    specDigest: 'dd'.repeat(32),
    socketDirectory: SOCKETS,
    storage: undefined,
  });
}

function mountsBelow(directory: string): readonly string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.filter((line) => line.includes(` ${directory}/`));
}

test.each([
  ['ids of the VM', {}],
  ['a user namespace', { isolation: { user_namespace: true } }],
])('a prepared container has what it was given and no more: %s', async (_name, fields) => {
  rmSync(join(DATA, 'volumes'), { recursive: true, force: true });
  const spec = await prepare('box-1', workload(fields));
  const { code, stdout, stderr } = await bundle.run(spec);

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const said = Object.fromEntries(
    stdout.split('\n').map((line) => {
      const [name = '', ...rest] = line.split(': ');
      return [name, rest.join(': ').trim()];
    }),
  );
  expect(said).toMatchObject({
    user: 'uid=10001 gid=10001 groups=10002',
    first: '/dev/init --',
    secret: 'hush',
    'secret mode': '400 10001 500 10001',
    'change secret': expect.stringContaining('Read-only') as string,
    'add secret': expect.stringContaining('Read-only') as string,
    hosts: '1',
    'change hosts': expect.stringMatching(/Read-only|denied/) as string,
    resolver: '0',
    volume: 'kept',
    'run from volume': expect.stringContaining('Permission denied') as string,
    tmp: 't',
    'run from tmp': expect.stringContaining('Permission denied') as string,
    run: 'r',
    root: expect.stringContaining('Read-only') as string,
    // No capability, and the port is its own all the same.
    'low-port': '0',
    socket: 'there',
    environment: '8000 box declared',
    host: 'box',
  });
  const { userNamespaceBase: base = 0 } = spec;
  expect(statSync(join(DATA, 'volumes/srv/file')).uid).toBe(base + APP_ID);
  expect(JSON.stringify(spec)).not.toContain('hush');
  await preparation.release('box-1');
});

test('its confinement is what the launcher checks before it starts', async () => {
  for (const isolation of [{}, { user_namespace: true }]) {
    const spec = await prepare('box-2', workload({ isolation }));
    const pid = await bundle.create(spec);
    expect(await verifyConfinement(pid, spec)).toEqual([]);
    bundle.clear();
  }
  await preparation.release('box-2');
});

test('it is taken over as what it was started as, and not as anything else', async () => {
  const config = workload();
  const spec = await prepare('box-5', config);
  const pid = await bundle.create(spec);
  const found = { id: 'box-5', labels: spec.labels, state: 'running', pid } as const;
  const measured = {
    config,
    imageRef: image.reference,
    imageDigest: image.pin.slice('sha256:'.length),
    specDigest: 'dd'.repeat(32),
  };
  const candidate = { found, measured, image, preparation };
  await verifyAdoption(candidate);
  const refused = { code: 'ERR_LAUNCHER_HARDENING_MISSING' };
  for (const name of ['workload', 'image', 'spec']) {
    const labels = { ...spec.labels, [`proofgate.${name}`]: 'another' };
    await expect(
      verifyAdoption({ ...candidate, found: { ...found, labels } }),
    ).rejects.toMatchObject({ ...refused, seen: 'another' });
  }
  // What is declared now is stricter than what runs.
  for (const other of [{ volumes: [] }, { user: '7:7' }, { isolation: { tmp_size: '4KiB' } }]) {
    await expect(
      verifyAdoption({ ...candidate, measured: { ...measured, config: workload(other) } }),
    ).rejects.toMatchObject(refused);
  }
  bundle.clear();
  await preparation.release('box-5');
});

test('secrets are in memory, and nothing is left when all is removed', async () => {
  await prepare('box-3', workload());
  const [mount = '', ...others] = mountsBelow(RUN);
  expect(others).toEqual([]);
  expect(mount).toMatch(
    /\/secrets rw,nosuid,nodev,noexec.* - tmpfs proofgate-secrets rw,size=65536k,mode=700/,
  );
  // Another start uses the same file system.
  await prepare('box-4', workload());
  expect(mountsBelow(RUN)).toHaveLength(1);

  await preparation.reconcile(new Set(['box-4']));
  expect(readdirSync(join(RUN, 'secrets'))).toEqual(['box-4']);
  expect(readdirSync(join(RUN, 'containers'))).toEqual(['box-4']);
  await preparation.removeAll();
  expect(mountsBelow(RUN)).toEqual([]);
  expect(readdirSync(RUN)).toEqual([]);
  expect(execFileSync('mount', { encoding: 'utf8' })).not.toContain('proofgate-secrets');
});
