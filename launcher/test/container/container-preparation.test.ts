// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../fixtures.ts';
import { containerWorkload, layerOf, verifiedImage } from './container-fixtures.ts';
import {
  ContainerPreparation,
  type PreparationRequest,
} from '../../src/container/container-preparation.ts';
import { userNamespaceBase } from '../../src/container/user/user-namespace-base.ts';

type Fields = Parameters<typeof containerWorkload>[0];

interface Stage {
  readonly dataDir: string;
  readonly runDir: string;
  readonly preparation: ContainerPreparation;
  request(fields?: Fields, other?: Partial<PreparationRequest>): PreparationRequest;
}

async function stage(init: string | undefined = '/usr/bin/catatonit'): Promise<Stage> {
  const dataDir = await temporaryDirectory();
  const runDir = await mkdtemp('/dev/shm/run-');
  onTestFinished(() => rm(runDir, { recursive: true, force: true }));
  const resolver = join(dataDir, 'resolv.conf');
  await writeFile(resolver, 'nameserver 192.0.2.53\n');
  const preparation = new ContainerPreparation({
    dataDir,
    runDir,
    owner: 'c0ffee01',
    init,
    maxOpenFiles: 20_000,
    resolverFiles: [join(dataDir, 'absent'), resolver],
  });
  const request: Stage['request'] = (fields = {}, other = {}) => ({
    id: 'app-1',
    workload: containerWorkload({ user: ownIds(), ...fields }),
    image: verifiedImage(),
    specDigest: 'dd'.repeat(32),
    socketDirectory: undefined,
    storage: undefined,
    ...other,
  });
  return { dataDir, runDir, preparation, request };
}

/** Files can be given to nobody else by somebody who is not root. */
function ownIds(): string {
  const uid = process.getuid?.() ?? 0;
  return uid === 0 ? '10001:10002' : `${String(uid)}:${String(process.getgid?.() ?? 0)}`;
}

describe('a prepared container', () => {
  test('has all that it declares, ready to be mounted', async () => {
    const { preparation, request, dataDir, runDir } = await stage();
    const secret = join(dataDir, 'secrets/key');
    await mkdir(dirname(secret));
    await writeFile(secret, 'hush', { mode: 0o600 });
    const spec = await preparation.prepare(
      request(
        {
          secrets: [{ name: 'key', file: secret }],
          volumes: [`${dataDir}/volumes/db:/var/lib/db`],
          storage: '1GiB',
          devices: ['/dev/zero'],
        },
        { socketDirectory: '/run/x/workload/app/1', storage: '/run/x/storage/app' },
      ),
    );
    const places = spec.mounts.map((mount) =>
      mount.kind === 'bind'
        ? `${mount.source} ${mount.target} ${mount.readOnly ? 'ro' : 'rw'}`
        : `tmpfs ${mount.target}`,
    );
    expect(places).toEqual([
      '/usr/bin/catatonit /dev/init ro',
      `${runDir}/containers/app-1/hosts /etc/hosts ro`,
      `${runDir}/containers/app-1/resolv.conf /etc/resolv.conf ro`,
      `${runDir}/secrets/app-1 /run/secrets ro`,
      '/run/x/workload/app/1 /run/proofgate ro',
      '/run/x/storage/app /data rw',
      `${dataDir}/volumes/db /var/lib/db rw`,
      'tmpfs /tmp',
      'tmpfs /run',
    ]);
    expect(spec.devices).toEqual([{ path: '/dev/zero', kind: 'c', major: 1, minor: 5 }]);
    expect(`${String(spec.uid)}:${String(spec.gid)}`).toBe(ownIds());
    expect(await stat(join(dataDir, 'volumes/db'))).toMatchObject({ uid: spec.uid });
    expect(await stat(join(runDir, 'secrets/app-1/key'))).toMatchObject({ uid: spec.uid });
    // The container's user reads them, whatever the umask of the launcher.
    expect((await stat(join(runDir, 'containers/app-1/hosts'))).mode & 0o777).toBe(0o444);
    expect(JSON.stringify(spec)).not.toContain('hush');
  });

  test('asks name servers only when it may reach them', async () => {
    const { preparation, request, runDir } = await stage();
    const resolver = (): Promise<string> =>
      readFile(join(runDir, 'containers/app-1/resolv.conf'), 'utf8');
    await preparation.prepare(request());
    expect(await resolver()).not.toMatch(/^nameserver/m);
    // The same identifier again is a new start.
    await preparation.prepare(request({ isolation: { egress: 'internet' } }));
    expect(await resolver()).toBe('nameserver 192.0.2.53\n');
  });

  test.runIf(process.getuid?.() === 0)(
    'owns its files by the ids that it is mapped to',
    async () => {
      const { preparation, request, dataDir, runDir } = await stage();
      const secret = join(dataDir, 'secrets/key');
      await mkdir(dirname(secret));
      await writeFile(secret, 'hush', { mode: 0o600 });
      const fields = {
        isolation: { user_namespace: true },
        secrets: [{ name: 'key', file: secret }],
        volumes: [`${dataDir}/volumes/db:/db`],
      };
      const spec = await preparation.prepare(request(fields));
      const base = userNamespaceBase('c0ffee01', 'app');
      expect(spec).toMatchObject({ uid: 10_001, userNamespaceBase: base });
      for (const path of [join(dataDir, 'volumes/db'), join(runDir, 'secrets/app-1/key')]) {
        expect(await stat(path)).toMatchObject({ uid: base + 10_001, gid: base + 10_002 });
      }
    },
  );

  test('is described again as it was, without its files', async () => {
    const { preparation, request, dataDir, runDir } = await stage();
    const secret = join(dataDir, 'secrets/key');
    await mkdir(dirname(secret));
    await writeFile(secret, 'hush', { mode: 0o600 });
    const wish = request({ secrets: [{ name: 'key', file: secret }], devices: ['/dev/zero'] });
    const spec = await preparation.prepare(wish);
    await rm(secret);
    expect(await preparation.describe(wish)).toEqual(spec);
    await preparation.release('app-1');
    await preparation.describe(wish);
    expect(await readdir(join(runDir, 'containers'))).toEqual([]);
  });

  test('runs as the user of its image', async () => {
    const { preparation, request, dataDir } = await stage();
    const { user: _, ...workload } = containerWorkload();
    const layer = await layerOf(dataDir, [{ name: 'etc/passwd', content: 'app:x:77:78:::\n' }]);
    const image = verifiedImage({ user: 'app' }, [layer]);
    expect(await preparation.prepare(request({}, { workload, image }))).toMatchObject({
      uid: 77,
      gid: 78,
    });
  });

  test('leaves nothing when it cannot be prepared, and nothing after it was released', async () => {
    const { preparation, request, runDir, dataDir } = await stage();
    await expect(
      preparation.prepare(request({ secrets: [{ name: 'key', file: '/nonexistent' }] })),
    ).rejects.toMatchObject({ code: 'ERR_LAUNCHER_SECRET_UNREADABLE' });
    await expect(
      preparation.prepare(request({}, { image: verifiedImage({ cmd: [] }) })),
    ).rejects.toMatchObject({ code: 'ERR_LAUNCHER_COMMAND_INVALID' });
    expect(await readdir(join(runDir, 'containers'))).toEqual([]);

    const volumes = [`${dataDir}/volumes/db:/db`];
    await preparation.prepare(request({ volumes }));
    await preparation.release('app-1');
    await preparation.release('app-1');
    expect(await readdir(join(runDir, 'containers'))).toEqual([]);
    expect(await readdir(join(dataDir, 'volumes'))).toEqual(['db']);
  });

  test('leaves nothing when its launcher was killed', async () => {
    const { preparation, request, runDir } = await stage();
    await preparation.reconcile(new Set(['a']));
    await preparation.prepare(request({}, { id: 'a' }));
    await preparation.prepare(request({}, { id: 'b' }));
    await preparation.reconcile(new Set(['a']));
    expect(await readdir(join(runDir, 'containers'))).toEqual(['a']);
    await preparation.removeAll();
    expect(await readdir(runDir)).toEqual([]);
  });
});

describe('a container is not admitted', () => {
  const admit = async (fields: Fields, init?: string): Promise<void> => {
    const { preparation, dataDir } = await stage(init);
    await mkdir(join(dataDir, 'volumes'));
    preparation.admit(containerWorkload(fields));
  };

  test.each<[string, Fields, string]>([
    ['as root', { user: '0:0' }, 'ERR_LAUNCHER_USER_INVALID'],
    [
      'with a user outside of its namespace',
      { user: '70000:1', isolation: { user_namespace: true } },
      'ERR_LAUNCHER_USER_INVALID',
    ],
    ['with a directory of the VM', { volumes: ['/etc:/x'] }, 'ERR_LAUNCHER_VOLUME_REFUSED'],
    [
      'with devices in a user namespace',
      { devices: ['/dev/zero'], isolation: { user_namespace: true } },
      'ERR_LAUNCHER_SETTING_UNSUPPORTED',
    ],
    [
      'with devices of its image in a user namespace',
      { isolation: { user_namespace: true, image_labels: { devices: true } } },
      'ERR_LAUNCHER_SETTING_UNSUPPORTED',
    ],
  ])('%s', async (_name, fields, code) => {
    await expect(admit(fields)).rejects.toMatchObject({ code });
  });

  test('without an init on the machine', async () => {
    const { dataDir, runDir } = await stage();
    const options = { dataDir, runDir, owner: 'c0ffee01', maxOpenFiles: 1_024 };
    const preparation = new ContainerPreparation({ ...options, init: undefined });
    expect(() => {
      preparation.admit(containerWorkload());
    }).toThrow(expect.objectContaining({ code: 'ERR_LAUNCHER_SETTING_UNSUPPORTED' }) as Error);
    preparation.admit(containerWorkload({ isolation: { init: false } }));
  });

  test('with a volume in place of its storage', async () => {
    const { preparation, dataDir } = await stage();
    const fields = { storage: '1GiB', volumes: [`${dataDir}/volumes/a:/data/sub`] };
    expect(() => {
      preparation.admit(containerWorkload(fields));
    }).toThrow(expect.objectContaining({ code: 'ERR_LAUNCHER_VOLUME_REFUSED' }) as Error);
  });
});
