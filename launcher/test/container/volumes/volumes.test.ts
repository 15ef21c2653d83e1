// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseVolume, type Volume } from '@proofgate/api';
import { describe, expect, onTestFinished, test } from 'vitest';
import { OWN_USER, isRoot, temporaryDirectory } from '../../fixtures.ts';
import { containerWorkload, verifiedImage } from '../container-fixtures.ts';
import {
  containerDevices,
  numberProblem,
} from '../../../src/container/volumes/container-devices.ts';
import { containerWishes } from '../../../src/container/volumes/image-labels.ts';
import { checkVolumes, prepareVolumes } from '../../../src/container/volumes/named-volumes.ts';

const scope = (
  dataDir: string,
  taken: readonly string[] = [],
): Parameters<typeof checkVolumes>[0] => ({
  workload: 'app',
  dataDir,
  taken,
});

const volumes = (dataDir: string, ...texts: readonly string[]): readonly Volume[] =>
  texts.map((text) => parseVolume(text.replace('@', `${dataDir}/volumes`)));

describe('a volume', () => {
  test('is made for its container’s user, and stays as it is from then on', async () => {
    const dataDir = await temporaryDirectory();
    const owner = isRoot ? { uid: 10_001, gid: 10_002 } : OWN_USER;
    const list = volumes(dataDir, '@/db:/var/lib/db/', '@/site:/srv:ro');
    const mounts = await prepareVolumes(scope(dataDir), list, owner);
    expect(mounts).toEqual([
      {
        kind: 'bind',
        source: join(dataDir, 'volumes/db'),
        target: '/var/lib/db',
        readOnly: false,
        exec: false,
      },
      {
        kind: 'bind',
        source: join(dataDir, 'volumes/site'),
        target: '/srv',
        readOnly: true,
        exec: false,
      },
    ]);
    const made = await stat(join(dataDir, 'volumes/db'));
    expect([made.uid, made.gid, made.mode & 0o777]).toEqual([owner.uid, owner.gid, 0o700]);
    expect((await stat(join(dataDir, 'volumes'))).mode & 0o777).toBe(0o700);

    await writeFile(join(dataDir, 'volumes/db/file'), 'kept');
    await prepareVolumes(scope(dataDir), list, OWN_USER);
    expect((await stat(join(dataDir, 'volumes/db'))).uid).toBe(owner.uid);
    expect(await readFile(join(dataDir, 'volumes/db/file'), 'utf8')).toBe('kept');
  });

  test('is not made for a container without any', async () => {
    const dataDir = await temporaryDirectory();
    expect(await prepareVolumes(scope(dataDir), [], OWN_USER)).toEqual([]);
    await expect(stat(join(dataDir, 'volumes'))).rejects.toThrow('ENOENT');
  });

  test.each([
    '/etc:/data',
    '/:/data',
    '@:/data',
    '@/:/data',
    '@/a/b:/data',
    '@/.hidden:/data',
    '@er/a:/data',
    '@/../secrets:/data',
    '/var/run/docker.sock:/docker.sock',
  ])('is a directory of the launcher’s own: %s', async (text) => {
    const dataDir = await temporaryDirectory();
    const [host = '', container = ''] = text.replace('@', `${dataDir}/volumes`).split(':');
    expect(() => {
      checkVolumes(scope(dataDir), [{ host, container, readOnly: true }]);
    }).toThrow(expect.objectContaining({ code: 'ERR_LAUNCHER_VOLUME_REFUSED' }) as Error);
  });

  test.each([
    ['@/a:/'],
    ['@/a:/proc/x'],
    ['@/a:/run'],
    ['@/a:/run/secrets/key'],
    ['@/a:/etc'],
    ['@/a:/data', '@/b:/data'],
    ['@/a:/srv', '@/b:/srv/sub'],
    ['@/a:/srv/sub', '@/b:/srv'],
    ['@/a:/stored/sub'],
  ])('has a place of its own: %s %s', (...texts) => {
    const list = volumes('/var/lib/proofgate', ...texts);
    expect(() => {
      checkVolumes(scope('/var/lib/proofgate', ['/stored']), list);
    }).toThrow(expect.objectContaining({ code: 'ERR_LAUNCHER_VOLUME_REFUSED' }) as Error);
  });

  test('is not a link or a file', async () => {
    const dataDir = await temporaryDirectory();
    await mkdir(join(dataDir, 'volumes'));
    await symlink('/etc', join(dataDir, 'volumes/link'));
    await writeFile(join(dataDir, 'volumes/file'), '');
    for (const name of ['link', 'file']) {
      await expect(
        prepareVolumes(scope(dataDir), volumes(dataDir, `@/${name}:/data`), OWN_USER),
      ).rejects.toMatchObject({ code: 'ERR_LAUNCHER_VOLUME_REFUSED' });
    }
  });
});

describe('labels of an image', () => {
  const LABELS = {
    'ai.privasys.volume': '/var/lib/proofgate/volumes/models:/models',
    'ai.privasys.devices': '/dev/null, /dev/zero,',
  };
  const wishes = (
    image_labels: Readonly<Record<string, boolean>>,
    labels: Readonly<Record<string, string>> = LABELS,
  ): ReturnType<typeof containerWishes> =>
    containerWishes(
      containerWorkload({ devices: ['/dev/null'], isolation: { image_labels } }),
      verifiedImage({ labels }).config,
    );

  test('mean nothing unless the manifest lets them', () => {
    expect(wishes({})).toEqual({ volumes: [], devices: ['/dev/null'] });
  });

  test('ask for a volume, read-only unless they say otherwise', () => {
    const volume = { host: '/var/lib/proofgate/volumes/models', container: '/models' };
    expect(wishes({ volumes: true }).volumes).toEqual([{ ...volume, readOnly: true }]);
    const writable = { 'ai.privasys.volume': `${LABELS['ai.privasys.volume']}:rw` };
    expect(wishes({ volumes: true }, writable).volumes).toEqual([{ ...volume, readOnly: false }]);
  });

  test('ask for devices, each once', () => {
    expect(wishes({ devices: true }).devices).toEqual(['/dev/null', '/dev/zero']);
  });

  test.each([
    { 'ai.privasys.volume': 'relative:/models' },
    { 'ai.privasys.volume': '' },
    { 'ai.privasys.devices': 'nvidia0' },
  ])('are refused when they cannot be read: %o', (labels) => {
    expect(() => wishes({ volumes: true, devices: true }, labels)).toThrow(
      expect.objectContaining({ code: 'ERR_LAUNCHER_VOLUME_REFUSED' }) as Error,
    );
  });
});

describe('devices', () => {
  test('are given by their numbers', async () => {
    expect(await containerDevices('app', ['/dev/null', '/dev/full'])).toEqual([
      { path: '/dev/null', kind: 'c', major: 1, minor: 3 },
      { path: '/dev/full', kind: 'c', major: 1, minor: 7 },
    ]);
    expect(await containerDevices('app', [])).toEqual([]);
  });

  test.each(['/dev/absent', '/dev', '/etc/passwd', '/proc/self/mem', '/dev/fd/0'])(
    'are devices: %s',
    async (path) => {
      await expect(containerDevices('app', [path])).rejects.toMatchObject({
        code: 'ERR_LAUNCHER_VOLUME_REFUSED',
      });
    },
  );

  test.each(['/dev/mem', '/dev/kmsg', '/dev/port', '/dev/console'])(
    'are not those that speak for the VM or leave it: %s',
    async (path) => {
      await expect(containerDevices('app', [path])).rejects.toMatchObject({
        code: 'ERR_LAUNCHER_VOLUME_REFUSED',
        seen: path,
      });
    },
  );

  test.each<[string, number, number, string | undefined]>([
    ['memory', 1, 1, 'mem'],
    ['the log of the kernel', 1, 11, 'mem'],
    ['a terminal of the VM', 5, 1, '/dev/console'],
    ['a terminal on a wire', 4, 64, 'ttyS'],
    ['fuse', 10, 229, 'misc'],
    ['kvm', 10, 232, 'misc'],
    ['the device mapper', 10, 236, 'misc'],
    ['the control of loop devices', 10, 237, 'misc'],
    ['vsock, the TEE and all others of that kind', 10, 125, 'misc'],
    ['a disk as SCSI sees it', 21, 0, 'sg'],
    ['a register of the processor', 202, 0, 'cpu/msr'],
    ['a TPM', 251, 0, 'tpm'],
    ['a disk as NVMe sees it', 241, 0, 'nvme'],
    ['what the kernel does not name', 240, 0, undefined],
  ])('are not %s under any name', (_what, major, minor, driver) => {
    expect(numberProblem({ major, minor }, driver)).toEqual(expect.any(String));
  });

  test('may be those of a graphics card', () => {
    expect(numberProblem({ major: 195, minor: 0 }, 'nvidia-frontend')).toBeUndefined();
    expect(numberProblem({ major: 226, minor: 128 }, 'drm')).toBeUndefined();
  });

  test.runIf(isRoot)('are not disks, and not found by their names alone', async () => {
    const dir = await mkdtemp('/dev/nodes-');
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    for (const [name, kind, major, minor] of [
      ['loop', 'b', '7', '0'],
      ['dm', 'b', '253', '0'],
      ['memory', 'c', '1', '1'],
      ['fuse', 'c', '10', '229'],
    ] as const) {
      execFileSync('mknod', [join(dir, name), kind, major, minor]);
      await expect(containerDevices('app', [join(dir, name)]), name).rejects.toMatchObject({
        code: 'ERR_LAUNCHER_VOLUME_REFUSED',
      });
    }
  });

  test('are not those under another name either', async () => {
    const dir = await temporaryDirectory();
    await symlink('/dev/kmsg', join(dir, 'innocent'));
    await expect(containerDevices('app', [join(dir, 'innocent')])).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_VOLUME_REFUSED',
    });
  });
});
