// SPDX-License-Identifier: Apache-2.0
import { rename, rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../fixtures.ts';
import {
  containerWorkload,
  layerOf,
  verifiedImage,
  type LayerEntry,
} from '../container-fixtures.ts';
import { containerUser, type ContainerUser } from '../../../src/container/user/container-user.ts';

const PASSWD = `# users
root:x:0:0:root:/root:/bin/sh
app:x:1000:1001:An app:/srv/app:/bin/sh
alias:x:1000:7::/:/bin/sh
broken:x:many:1:::
minus:x:-1:1:::
12:x:77:78:::
`;
const GROUP = `root:x:0:
app:x:1001:
video:x:44:other,app
audio:x:29: app
app-again:x:1001:app
broken:x::app
`;

const ACCOUNTS: readonly LayerEntry[] = [
  { name: 'etc/passwd', content: PASSWD },
  { name: 'etc/group', content: GROUP },
];

async function userOf(
  user: string,
  layers: readonly (readonly LayerEntry[])[],
  fields: Parameters<typeof containerWorkload>[0] = {},
): Promise<ContainerUser> {
  const dir = await temporaryDirectory();
  const files = await Promise.all(
    layers.map((entries, index) => layerOf(dir, entries, index % 2 === 0 ? 'gzip' : 'none')),
  );
  return containerUser(containerWorkload(fields), verifiedImage({ user }, files));
}

const ROOT = { isolation: { allow_root: true } };

describe('the user of a container', () => {
  test.each<[string, ContainerUser]>([
    ['1000:1001', { uid: 1000, gid: 1001, additionalGids: [] }],
    ['4242:7', { uid: 4242, gid: 7, additionalGids: [] }],
    ['app', { uid: 1000, gid: 1001, additionalGids: [44, 29] }],
    ['app:', { uid: 1000, gid: 1001, additionalGids: [44, 29] }],
    // The first line of a number is the one that counts, as in getpwuid(3).
    ['1000', { uid: 1000, gid: 1001, additionalGids: [44, 29] }],
    ['app:video', { uid: 1000, gid: 44, additionalGids: [] }],
    ['app:5', { uid: 1000, gid: 5, additionalGids: [] }],
    ['4242', { uid: 4242, gid: 0, additionalGids: [] }],
    ['4242:video', { uid: 4242, gid: 44, additionalGids: [] }],
    // A number is never a name.
    ['12', { uid: 12, gid: 0, additionalGids: [] }],
  ])('is looked up in the image: %s', async (user, expected) => {
    expect(await userOf(user, [ACCOUNTS])).toEqual(expected);
  });

  test('is the declared one before the image’s', async () => {
    expect(await userOf('app', [ACCOUNTS], { user: '5:6' })).toEqual({
      uid: 5,
      gid: 6,
      additionalGids: [],
    });
  });

  test.each(['', 'root', '0', '0:0', 'root:video', ':1000'])(
    'is not root unless allowed: "%s"',
    async (user) => {
      await expect(userOf(user, [ACCOUNTS])).rejects.toMatchObject({
        code: 'ERR_LAUNCHER_USER_INVALID',
        seen: `uid 0 by user "${user}" of the image`,
        hint: expect.stringContaining('allow_root') as string,
      });
      expect((await userOf(user, [ACCOUNTS], ROOT)).uid).toBe(0);
    },
  );

  test('is not a declared root unless allowed', async () => {
    await expect(userOf('app', [ACCOUNTS], { user: '0:5' })).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_USER_INVALID',
    });
    expect(await userOf('app', [ACCOUNTS], { user: '0:5', ...ROOT })).toMatchObject({ uid: 0 });
  });

  test.each(['nobody', 'app:nobody', 'a:b:c', 'broken', 'minus', '99999999999'])(
    'has to exist: %s',
    async (user) => {
      await expect(userOf(user, [ACCOUNTS])).rejects.toMatchObject({
        code: 'ERR_LAUNCHER_USER_INVALID',
      });
    },
  );

  test('fits into a user namespace', async () => {
    const mapped = { isolation: { user_namespace: true } };
    expect(await userOf('65535:65535', [], mapped)).toMatchObject({ uid: 65_535 });
    for (const user of ['65536:1', '1:65536', '4294967294:1']) {
      await expect(userOf(user, [], mapped)).rejects.toMatchObject({
        code: 'ERR_LAUNCHER_USER_INVALID',
        expected: 'at most 65535',
      });
    }
    expect(await userOf('4294967294:1', [])).toMatchObject({ uid: 4_294_967_294 });
    await expect(userOf('4294967295:1', [])).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_USER_INVALID',
    });
  });
});

describe('the layers of an image', () => {
  const passwd = (uid: number): LayerEntry => ({
    name: 'etc/passwd',
    content: `app:x:${String(uid)}:1:::\n`,
  });
  const directory = (name: string): LayerEntry => ({ name, type: 'directory' });
  const other: LayerEntry = { name: 'usr/bin/server', content: 'x'.repeat(100_000) };

  test.each<[string, readonly (readonly LayerEntry[])[], number]>([
    ['the topmost file counts', [[passwd(1)], [other], [passwd(2)], [other]], 2],
    ['of one layer the last entry', [[passwd(1), other, passwd(2)]], 2],
    ['names are written in several ways', [[{ ...passwd(3), name: './etc//passwd' }]], 3],
    ['and with a slash in front', [[{ ...passwd(4), name: '/etc/passwd' }]], 4],
    [
      'a whiteout of another file hides nothing',
      [[passwd(5)], [{ name: 'etc/.wh.group', content: '' }]],
      5,
    ],
    [
      'a whiteout hides what is below, not beside it',
      [[passwd(1)], [{ name: 'etc/.wh.passwd', content: '' }, passwd(6)]],
      6,
    ],
    [
      'an opaque directory hides what is below, not in it',
      [[passwd(1)], [{ name: 'etc/.wh..wh..opq', content: '' }, passwd(7)]],
      7,
    ],
    [
      'a symbolic link is followed',
      [
        [{ name: 'nix/passwd', content: 'app:x:8:1:::' }],
        [{ name: 'etc/passwd', link: '../nix/passwd' }],
      ],
      8,
    ],
    [
      'also an absolute one, to an upper layer',
      [
        [{ name: 'etc/passwd', link: '/run/passwd' }],
        [{ name: 'run/passwd', content: 'app:x:9:1:::' }],
      ],
      9,
    ],
    [
      'also one that leads above the root',
      [
        [
          { name: 'etc/passwd', link: '../../../p' },
          { name: 'p', content: 'app:x:10:1:::' },
        ],
      ],
      10,
    ],
    [
      'also of a directory',
      [
        [
          { name: 'etc', link: 'config' },
          { name: 'config/passwd', content: 'app:x:11:1:::' },
        ],
      ],
      11,
    ],
    [
      'a hard link is another name',
      [
        [
          { name: 'p', content: 'app:x:12:1:::' },
          { name: 'etc/passwd', link: 'p', hard: true },
        ],
      ],
      12,
    ],
    [
      'a directory entry hides nothing',
      [[passwd(13)], [directory('etc'), directory('etc/ssl')]],
      13,
    ],
  ])('are stacked: %s', async (_name, layers, uid) => {
    expect((await userOf('app', layers)).uid).toBe(uid);
  });

  test.each<[string, readonly (readonly LayerEntry[])[]]>([
    ['no layer has it', [[other]]],
    ['there is no layer', []],
    ['it was removed', [[passwd(1)], [{ name: 'etc/.wh.passwd', content: '' }]]],
    ['its directory was removed', [[passwd(1)], [{ name: '.wh.etc', content: '' }]]],
    ['its directory became opaque', [[passwd(1)], [{ name: 'etc/.wh..wh..opq', content: '' }]]],
    ['the root became opaque', [[passwd(1)], [{ name: '.wh..wh..opq', content: '' }]]],
    ['it became a directory', [[passwd(1)], [directory('etc/passwd')]]],
    ['its directory became a file', [[passwd(1)], [{ name: 'etc', content: '' }]]],
    ['it is a pipe', [[{ name: 'etc/passwd', type: 'fifo' }]]],
    ['it links to itself', [[{ name: 'etc/passwd', link: 'passwd' }]]],
    ['it links to nothing', [[{ name: 'etc/passwd', link: 'elsewhere' }]]],
    [
      'a directory hides the link that it replaced',
      [
        [
          { name: 'etc', link: 'config' },
          { name: 'config/passwd', content: PASSWD },
        ],
        [directory('etc')],
      ],
    ],
    [
      'it is larger than any such file',
      [[{ name: 'etc/passwd', content: `${PASSWD}${'#'.repeat(2 ** 20)}` }]],
    ],
  ])('do not have the user when %s', async (_name, layers) => {
    await expect(userOf('app', layers)).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_USER_INVALID',
      expected: 'a user in /etc/passwd of the image',
    });
  });

  test('are not read at all for two numbers', async () => {
    const image = verifiedImage({ user: '5:6' }, [
      { ...(await layerOf(await temporaryDirectory(), [])), file: '/nonexistent' },
    ]);
    expect(await containerUser(containerWorkload(), image)).toMatchObject({ uid: 5 });
    const named = { ...image, config: { ...image.config, user: 'app' } };
    await expect(containerUser(containerWorkload(), named)).rejects.toThrow('ENOENT');
  });

  test('are looked through once, unless that failed', async () => {
    const layer = await layerOf(await temporaryDirectory(), [passwd(7)]);
    const image = verifiedImage({ user: 'app' }, [layer]);
    const away = `${layer.file}.away`;
    await rename(layer.file, away);
    await expect(containerUser(containerWorkload(), image)).rejects.toThrow('ENOENT');
    await rename(away, layer.file);
    expect((await containerUser(containerWorkload(), image)).uid).toBe(7);
    await rm(layer.file);
    expect((await containerUser(containerWorkload(), image)).uid).toBe(7);
  });

  test('may be large and have many entries', async () => {
    const entries = Array.from({ length: 2_000 }, (_, index) => ({
      name: `node_modules/${String(index)}`,
      content: 'y'.repeat(index),
    }));
    const layer: readonly LayerEntry[] = [...entries, passwd(42), ...entries];
    expect((await userOf('app', [layer, layer])).uid).toBe(42);
  });
});
