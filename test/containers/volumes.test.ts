// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createLogger, waitFor } from '@proofgate/daemon';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  EncryptedVolumes,
  MIN_VOLUME_BYTES,
} from '../../launcher/src/volumes/encrypted-volumes.ts';
import { GocryptfsBackend } from '../../launcher/src/volumes/gocryptfs-backend.ts';
import { volumePrograms } from '../../launcher/src/volumes/volume-programs.ts';
import { memorySink } from './support/memory-sink.ts';
import { APP_ID } from './support/oci-programs.ts';
import { podmanStage, processesWith } from './support/private-podman.ts';
import { strictSpec } from './support/runc-bundle.ts';

const run = promisify(execFile);

/** Stands out wherever it is found. */
const KEY = Buffer.from('5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2', 'hex');

const REQUEST = { name: 'app', sizeBytes: MIN_VOLUME_BYTES, uid: APP_ID, gid: APP_ID };

let parent: string;
let directory: string;
let volumes: EncryptedVolumes;

/** The launcher's part, and again after it was killed: nothing but the machine remembers. */
function launcher(random: (bytes: number) => Uint8Array = randomBytes): EncryptedVolumes {
  const programs = volumePrograms(join(parent, 'programs.log'));
  return new EncryptedVolumes({
    owner: '0a1b2c3d',
    directory,
    mountDirectory: join(parent, 'mounted'),
    backend: new GocryptfsBackend(programs),
    run: programs,
    random,
    logger: createLogger({ name: 'test', level: 'silent' }),
  });
}

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'volumes-'));
  await run('chmod', ['711', parent]);
  directory = join(parent, 'encrypted');
  volumes = launcher();
});

afterEach(async () => {
  await volumes.destroy('app');
  expect(await traces()).toEqual([]);
  await rm(parent, { recursive: true });
});

/** What a volume may leave behind: mounts, processes, loop devices, files. */
async function traces(): Promise<readonly string[]> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  await waitFor(async () => (await processesWith(parent)).length === 0, { timeoutMs: 5_000 });
  const { stdout: loops } = await run('losetup', [
    '--list',
    '--noheadings',
    '--output',
    'BACK-FILE',
  ]);
  const files = [directory, join(parent, 'mounted')].map((path) => readdir(path).catch(() => []));
  const lines = [...mounts, ...loops.split('\n')].filter((line) => line.includes(parent));
  return [...lines, ...(await Promise.all(files)).flat()];
}

/** The files of the volume once more, by whoever has {@link KEY}. */
async function mountedAgain(use: (directory: string) => Promise<void>): Promise<void> {
  const again = join(parent, 'again');
  const files = join(directory, 'app/inner/files');
  const script = 'mkdir "$2"; echo "$0" | gocryptfs -q -nosyslog "$1" "$2" >/dev/null 2>&1';
  await run('sh', ['-c', script, KEY.toString('hex'), files, again]);
  try {
    await use(again);
  } finally {
    await run('umount', [again]);
  }
}

/** CAP_SYS_RESOURCE (capability.h). */
async function mayGrow(): Promise<boolean> {
  const status = await readFile('/proc/self/status', 'utf8');
  const effective = BigInt(`0x${/^CapEff:\t([0-9a-f]+)$/m.exec(status)![1]!}`);
  return ((effective >> 24n) & 1n) === 1n;
}

async function as(uid: number, script: string): Promise<string> {
  const { stdout } = await run('sh', ['-c', script], { uid, gid: uid, cwd: '/' });
  return stdout;
}

test('a volume belongs to its user, is bounded, and is encrypted on the disk', async () => {
  const volume = await volumes.open(REQUEST);
  expect(volume).toEqual({
    name: 'app',
    kind: 'gocryptfs',
    keyOrigin: 'generated',
    sizeBytes: MIN_VOLUME_BYTES,
    directory: join(parent, 'mounted/app'),
  });
  expect(await readdir(volume.directory)).toEqual([]);
  const { mode, uid, gid } = await stat(volume.directory);
  expect([mode & 0o777, uid, gid]).toEqual([0o700, APP_ID, APP_ID]);
  const file = join(volume.directory, 'remarkable-name');
  await as(APP_ID, `echo remarkable content >${file}; mkdir ${file}.d; sync`);
  expect(await readFile(file, 'utf8')).toBe('remarkable content\n');
  await expect(as(APP_ID + 1, `cat ${file}`)).rejects.toThrow(/Permission denied/);
  const image = await readFile(join(directory, 'app/image'));
  expect(image.length).toBe(MIN_VOLUME_BYTES);
  expect(image.includes('remarkable')).toBe(false);
  const fill = `dd if=/dev/zero of=${file} bs=1M count=100`;
  await expect(as(APP_ID, fill)).rejects.toThrow(/No space left on device/);
  const [found] = await volumes.list();
  expect(found).toMatchObject({ mounted: true, availableBytes: 0 });
  expect(found!.usedBytes).toBeGreaterThan(MIN_VOLUME_BYTES * 0.8);
  expect(found!.usedBytes).toBeLessThanOrEqual(MIN_VOLUME_BYTES);
});

test('the key is in the memory of a process and nowhere else', async () => {
  await launcher(() => Uint8Array.from(KEY)).open(REQUEST);
  const [served] = await processesWith(join(directory, 'app'));
  for (const name of ['cmdline', 'environ']) {
    const text = await readFile(`/proc/${String(served)}/${name}`);
    expect(text.includes(KEY.toString('hex'))).toBe(false);
    expect(text.includes(KEY)).toBe(false);
  }
  const { stdout: files } = await run('find', [parent, '-type', 'f', '-size', '-1000k']);
  const contents = await Promise.all(
    files
      .trim()
      .split('\n')
      .map((file) => readFile(file)),
  );
  expect(contents.length).toBeGreaterThan(3);
  for (const content of contents) {
    expect(content.includes(KEY.toString('hex'))).toBe(false);
    expect(content.includes(KEY)).toBe(false);
  }
  // With it the volume can be read, so this is the key.
  const { directory: mounted } = await launcher().open(REQUEST);
  await writeFile(join(mounted, 'file'), 'content');
  await mountedAgain(async (again) => {
    expect(await readFile(join(again, 'file'), 'utf8')).toBe('content');
  });
});

test('another launcher finds the volume open; several that ask at once get one', async () => {
  const [first] = await Promise.all([volumes.open(REQUEST), volumes.open(REQUEST)]);
  await writeFile(join(first.directory, 'kept'), 'x');
  const second = launcher(() => {
    throw new Error('no key is to be drawn');
  });
  expect(await second.open(REQUEST)).toEqual(first);
  expect(await readdir(first.directory)).toEqual(['kept']);
  const larger = { ...REQUEST, sizeBytes: 2 * MIN_VOLUME_BYTES };
  await expect(second.open(larger)).rejects.toMatchObject({ code: 'ERR_LAUNCHER_VOLUME_REFUSED' });
  expect(await readdir(first.directory)).toEqual(['kept']);
});

test('a volume that nobody can read any more is replaced by an empty one', async () => {
  const { directory: mounted } = await volumes.open(REQUEST);
  await writeFile(join(mounted, 'lost'), 'x');
  for (const pid of await processesWith(join(directory, 'app'))) process.kill(pid, 'SIGKILL');
  await waitFor(
    () =>
      stat(join(mounted, 'lost')).then(
        () => false,
        () => true,
      ),
    { timeoutMs: 5_000 },
  );
  expect(await volumes.list()).toMatchObject([{ name: 'app', mounted: false }]);
  await volumes.open(REQUEST);
  expect(await readdir(mounted)).toEqual([]);
});

test('what is changed on the disk cannot be read', async () => {
  const { directory: mounted } = await launcher(() => Uint8Array.from(KEY)).open(REQUEST);
  await writeFile(join(mounted, 'file'), 'x'.repeat(10_000));
  const files = join(directory, 'app/inner/files');
  const [name] = (await readdir(files)).filter((entry) => !entry.startsWith('gocryptfs.'));
  const bytes = await readFile(join(files, name!));
  bytes[5_000]! ^= 1;
  await writeFile(join(files, name!), bytes);
  // The kernel remembers what it read from the volume itself.
  await mountedAgain((again) => {
    // The asynchronous one is content with the part before the error.
    expect(() => readFileSync(join(again, 'file'))).toThrow('EIO');
    return Promise.resolve();
  });
});

test('grows while it is in use, where the kernel allows it', async () => {
  const { directory: mounted } = await volumes.open(REQUEST);
  await writeFile(join(mounted, 'kept'), 'x');
  const larger = { ...REQUEST, sizeBytes: 2 * MIN_VOLUME_BYTES };
  if (await mayGrow()) {
    const grown = await volumes.grow('app', larger.sizeBytes);
    expect(grown.sizeBytes).toBe(larger.sizeBytes);
    const [found] = await volumes.list();
    expect(found!.availableBytes! + found!.usedBytes!).toBeGreaterThan(1.8 * MIN_VOLUME_BYTES);
    expect(await launcher().open(larger)).toEqual(grown);
  } else {
    await expect(volumes.grow('app', larger.sizeBytes)).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_VOLUME_FAILED',
      message: expect.stringContaining('Permission denied to resize') as string,
    });
    expect(await volumes.open(REQUEST)).toMatchObject({ sizeBytes: REQUEST.sizeBytes });
  }
  expect(await readFile(join(mounted, 'kept'), 'utf8')).toBe('x');
  await expect(volumes.grow('app', MIN_VOLUME_BYTES / 2)).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_VOLUME_REFUSED',
  });
  await expect(volumes.grow('other', MIN_VOLUME_BYTES)).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_VOLUME_REFUSED',
  });
});

test('a volume for which there is no room is refused at once, and leaves nothing', async () => {
  await expect(volumes.open({ ...REQUEST, sizeBytes: 2 ** 50 })).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_VOLUME_FAILED',
    message: expect.stringMatching(/^fallocate failed with 1: /) as string,
  });
  expect(await traces()).toEqual([]);
  await expect(volumes.open({ ...REQUEST, sizeBytes: 1_000 })).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_VOLUME_REFUSED',
  });
});

test('what a launcher that was killed in the middle left is cleared away', async () => {
  await volumes.open(REQUEST);
  // As far as it got: everything but the last mount.
  await run('umount', [join(parent, 'mounted/app')]);
  const { directory: mounted } = await launcher().open(REQUEST);
  expect(await readdir(mounted)).toEqual([]);
  await launcher().retain(new Set(['app']));
  expect(await volumes.list()).toMatchObject([{ mounted: true }]);
  await launcher().retain(new Set());
  expect(await traces()).toEqual([]);
});

test('a volume that something else opens is left alone', async () => {
  await volumes.open(REQUEST);
  await volumes.destroy('app');
  await run('mkdir', ['-p', join(directory, 'app')]);
  const record = join(directory, 'app/volume.json');
  const text = JSON.stringify({ kind: 'luks2', keyOrigin: 'vault:x', sizeBytes: 1 });
  await writeFile(record, text);
  for (const attempt of [volumes.open(REQUEST), volumes.destroy('app'), volumes.grow('app', 1e9)]) {
    await expect(attempt).rejects.toMatchObject({ code: 'ERR_LAUNCHER_VOLUME_REFUSED' });
  }
  await volumes.retain(new Set());
  expect(await readFile(record, 'utf8')).toBe(text);
  await rm(record);
});

test('a container uses its volume, and goes on when the launcher that opened it is gone', async () => {
  const { directory: mounted } = await volumes.open(REQUEST);
  const stage = await podmanStage();
  try {
    const { engine } = await stage.open();
    const image = await stage.image();
    const signal = new AbortController().signal;
    await engine.unpack(image, { signal, onProgress: () => undefined });
    const mount = { kind: 'bind', source: mounted, target: '/data', readOnly: false, exec: false };
    const spec = strictSpec({
      args: ['/bin/sh', '-c', 'id -u >/data/me; cat /data/me; grep " /data " /proc/self/mountinfo'],
      mounts: [mount as never],
    });
    const logs = memorySink();
    await engine.create(spec, image, logs);
    await engine.start(spec.id);
    expect(await engine.wait(spec.id, signal)).toMatchObject({ code: 0 });
    expect(logs.text('stdout')).toMatch(/^10001\n.* rw,nosuid,nodev,noexec,.* fuse\.gocryptfs /);
    await engine.remove(spec.id);
  } finally {
    await stage.close();
  }
  expect(await readFile(join(mounted, 'me'), 'utf8')).toBe('10001\n');
  await appendFile(join(mounted, 'me'), '');
});
