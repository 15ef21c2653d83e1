// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { containerWorkload, verifiedImage } from './container-fixtures.ts';
import type { ContainerMount, ContainerSpec } from '../../src/container/container-spec.ts';
import {
  resolveContainer,
  type ContainerSurroundings,
} from '../../src/container/resolve-container.ts';

const SURROUNDINGS: ContainerSurroundings = {
  id: 'app-0a1b2c3d',
  owner: 'c0ffee01',
  specDigest: 'dd'.repeat(32),
  user: { uid: 1000, gid: 1001, additionalGids: [5] },
  init: '/usr/bin/catatonit',
  maxOpenFiles: 20_000,
  userNamespaceBase: undefined,
  mounts: [],
  devices: [],
};

function resolve(
  fields: Parameters<typeof containerWorkload>[0] = {},
  image: Parameters<typeof verifiedImage>[0] = {},
  surroundings: Partial<ContainerSurroundings> = {},
): ContainerSpec {
  const workload = containerWorkload(fields);
  return resolveContainer(workload, verifiedImage(image), { ...SURROUNDINGS, ...surroundings });
}

const tmpfs = (target: string, mode = 0o755): ContainerMount => ({
  kind: 'tmpfs',
  target,
  sizeBytes: 64 * 2 ** 20,
  mode,
});

describe('a container that declares nothing', () => {
  test('is as confined as it can be, and otherwise what its image says', () => {
    expect(resolve()).toEqual({
      id: 'app-0a1b2c3d',
      workload: 'app',
      hostname: 'app',
      args: ['/dev/init', '--', '/bin/server'],
      env: [
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        'PORT=8000',
        'PROOFGATE_WORKLOAD=app',
      ],
      cwd: '/',
      uid: 1000,
      gid: 1001,
      additionalGids: [5],
      mounts: [
        {
          kind: 'bind',
          source: '/usr/bin/catatonit',
          target: '/dev/init',
          readOnly: true,
          exec: true,
        },
        tmpfs('/tmp', 0o1777),
        tmpfs('/run'),
      ],
      devices: [],
      limits: { memoryBytes: 2 ** 30, vcpus: 1, pids: 256, nofile: 4_096 },
      readOnlyRoot: true,
      noNewPrivileges: true,
      seccomp: 'default',
      capabilities: [],
      maskedPaths: true,
      userNamespaceBase: undefined,
      stopSignal: 15,
      labels: {
        'proofgate.owner': 'c0ffee01',
        'proofgate.workload': 'app',
        'proofgate.image': `sha256:${'ab'.repeat(32)}`,
        'proofgate.spec': 'dd'.repeat(32),
      },
    });
  });
});

describe('what a container runs', () => {
  test('is the entrypoint and command of its image, or the declared command instead of both', () => {
    const image = { entrypoint: ['/entry', '-v'], cmd: ['serve'] };
    expect(resolve({}, image).args).toEqual(['/dev/init', '--', '/entry', '-v', 'serve']);
    expect(resolve({ command: ['/other'] }, image).args).toEqual(['/dev/init', '--', '/other']);
    expect(resolve({ isolation: { init: false } }, image).args).toEqual(['/entry', '-v', 'serve']);
  });

  test.each([{ cmd: [] }, { cmd: [''] }])('has to be something: %o', (image) => {
    expect(() => resolve({}, image)).toThrow(
      expect.objectContaining({ code: 'ERR_LAUNCHER_COMMAND_INVALID' }) as Error,
    );
  });

  test('needs an init on the machine, or has to do without', () => {
    expect(() => resolve({}, {}, { init: undefined })).toThrow(
      expect.objectContaining({
        code: 'ERR_LAUNCHER_SETTING_UNSUPPORTED',
        hint: expect.stringContaining('install the package catatonit') as string,
      }) as Error,
    );
    const spec = resolve({ isolation: { init: false } }, {}, { init: undefined });
    expect(spec.mounts.map(({ target }) => target)).toEqual(['/tmp', '/run']);
  });

  test('has the environment of its image, the declared one over it, and what is injected over both', () => {
    const image = {
      env: ['PATH=/app/bin', 'A=1', 'A=2', 'B==x', 'PORT=3000', 'EMPTY=', 'NAME', '=y'],
    };
    expect(resolve({ env: { B: 'ours', C: 'new' } }, image).env).toEqual([
      'PATH=/app/bin',
      'A=2',
      'B=ours',
      'PORT=8000',
      'EMPTY=',
      'C=new',
      'PROOFGATE_WORKLOAD=app',
    ]);
    expect(() => resolve({ env: { PROOFGATE_WORKLOAD: 'other' } })).toThrow(
      expect.objectContaining({ code: 'ERR_LAUNCHER_ENV_RESERVED' }) as Error,
    );
  });

  test.each([
    ['', undefined, '/'],
    ['/srv/app/', undefined, '/srv/app'],
    ['srv', undefined, '/srv'],
    ['../..', undefined, '/'],
    ['/srv', '/declared', '/declared'],
  ])('starts in a directory: image %o, declared %o', (workingDir, declared, cwd) => {
    const fields = declared === undefined ? {} : { working_dir: declared };
    expect(resolve(fields, { workingDir }).cwd).toBe(cwd);
  });

  test.each([
    [undefined, 15],
    ['SIGQUIT', 3],
    ['quit', 3],
    ['9', 9],
    ['SIGRTMIN', 34],
    ['SIGRTMIN+3', 37],
    ['RTMAX-1', 63],
  ])('is stopped with the signal of its image: %s', (stopSignal, number) => {
    expect(resolve({}, { stopSignal }).stopSignal).toBe(number);
  });

  test.each(['SIGNONE', '0', '65', 'SIGRTMIN+31', 'SIGRTMIN-1', 'toString', 'SIGRTMID+1'])(
    'is not stopped with a signal that does not exist: %s',
    (stopSignal) => {
      expect(() => resolve({}, { stopSignal })).toThrow(
        expect.objectContaining({ code: 'ERR_LAUNCHER_IMAGE_REFUSED' }) as Error,
      );
    },
  );
});

describe('limits and opt-outs', () => {
  test('are the declared ones; 0 is no limit', () => {
    const limits = {
      resource_memory_mb: 64,
      resource_vcpus: 0.25,
      isolation: { pids: 9, nofile: 32 },
    };
    expect(resolve(limits).limits).toEqual({
      memoryBytes: 64 * 2 ** 20,
      vcpus: 0.25,
      pids: 9,
      nofile: 32,
    });
    expect(resolve({ resource_memory_mb: 0, resource_vcpus: 0 }).limits).toMatchObject({
      memoryBytes: undefined,
      vcpus: undefined,
    });
  });

  test('are not above what the launcher may have itself', () => {
    const spec = resolve({ isolation: { nofile: 50_000 } });
    expect(spec.limits.nofile).toBe(20_000);
  });

  test('reach the engine', () => {
    const isolation = {
      read_only_root: false,
      no_new_privileges: false,
      seccomp: 'unconfined',
      masked_paths: false,
      capabilities: ['CAP_NET_RAW', 'CAP_CHOWN', 'CAP_NET_RAW'],
    };
    expect(resolve({ isolation }, {}, { userNamespaceBase: 7 })).toMatchObject({
      readOnlyRoot: false,
      noNewPrivileges: false,
      seccomp: 'unconfined',
      maskedPaths: false,
      capabilities: ['CAP_NET_RAW', 'CAP_CHOWN'],
      userNamespaceBase: 7,
    });
  });

  test('are capabilities that Linux has', () => {
    expect(() => resolve({ isolation: { capabilities: ['CAP_EVERYTHING'] } })).toThrow(
      expect.objectContaining({
        code: 'ERR_LAUNCHER_SETTING_UNSUPPORTED',
        seen: 'CAP_EVERYTHING',
      }) as Error,
    );
  });

  test('are for containers', () => {
    const { isolation: _, ...process } = containerWorkload();
    expect(() => resolveContainer(process, verifiedImage(), SURROUNDINGS)).toThrow(
      expect.objectContaining({ code: 'ERR_LAUNCHER_SETTING_UNSUPPORTED' }) as Error,
    );
  });
});

describe('scratch space', () => {
  const bind = (target: string): ContainerMount => ({
    kind: 'bind',
    source: '/x',
    target,
    readOnly: false,
    exec: false,
  });
  const targets = (
    volumes: readonly string[],
    mounts: readonly ContainerMount[] = [],
    isolation = {},
  ): readonly string[] =>
    resolve({ isolation: { init: false, ...isolation } }, { volumes }, { mounts }).mounts.map(
      (mount) => (mount.kind === 'tmpfs' ? mount.target : `bind ${mount.target}`),
    );

  test('is where the image declares volumes and the root cannot be written', () => {
    expect(targets(['/var/lib/db/', '/cache', 'relative', '/cache'])).toEqual([
      '/tmp',
      '/run',
      '/var/lib/db',
      '/cache',
      '/relative',
    ]);
    expect(targets(['/cache'], [], { read_only_root: false })).toEqual(['/tmp']);
  });

  test('is nowhere that the kernel, the launcher or a volume has', () => {
    const reserved = ['/', '/proc', '/dev/shm', '/sys/x', '/etc', '/run/secrets', '/run/proofgate'];
    expect(
      targets([...reserved, '/data', '/data/sub', '/data2'], [bind('/data'), bind('/tmp')]),
    ).toEqual(['bind /data', 'bind /tmp', '/run', '/data2']);
  });

  test('has the declared size', () => {
    const spec = resolve({ isolation: { tmp_size: '1MiB' } });
    const sizes = spec.mounts.flatMap((mount) => (mount.kind === 'tmpfs' ? [mount.sizeBytes] : []));
    expect(sizes).toEqual([2 ** 20, 2 ** 20]);
  });
});
