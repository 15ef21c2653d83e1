// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { OWN_USER, isRoot, temporaryDirectory } from '../../fixtures.ts';
import { SecretFiles } from '../../../src/container/secrets/secret-files.ts';
import { MAX_SECRET_BYTES, readSecret } from '../../../src/container/secrets/read-secret.ts';

/** /dev/shm is a tmpfs on every Linux, so nothing has to be mounted. */
async function memoryDirectory(): Promise<string> {
  const dir = await mkdtemp('/dev/shm/secrets-');
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function sourceFile(content: string | Uint8Array = 'hush', mode = 0o600): Promise<string> {
  const file = join(await temporaryDirectory(), 'source');
  await writeFile(file, content);
  await chmod(file, mode);
  return file;
}

describe('secrets', () => {
  test('are files of the container’s user, in a directory that it can only read', async () => {
    const dir = await memoryDirectory();
    const files = new SecretFiles(join(dir, 'secrets'), tmpdir());
    const owner = isRoot ? { uid: 10_001, gid: 10_002 } : OWN_USER;
    const secrets = [
      { name: 'key', file: await sourceFile() },
      { name: 'b.pem', file: await sourceFile('other', 0o400) },
    ];
    const mounts = await files.write('app', 'app-1', secrets, owner);
    const source = join(dir, 'secrets/app-1');
    expect(mounts).toEqual([
      { kind: 'bind', source, target: '/run/secrets', readOnly: true, exec: false },
    ]);
    expect((await readdir(source)).sort()).toEqual(['b.pem', 'key']);
    expect(await readFile(join(source, 'key'), 'utf8')).toBe('hush');
    const modes = await Promise.all(
      [dir + '/secrets', source, join(source, 'key')].map(
        async (path) => (await stat(path)).mode & 0o7777,
      ),
    );
    expect(modes).toEqual([0o700, 0o500, 0o400]);
    for (const path of [source, join(source, 'key')]) {
      expect(await stat(path)).toMatchObject(owner);
    }

    // A restart writes them anew, with what they are by then.
    await writeFile(secrets[0]!.file, 'changed');
    await files.write('app', 'app-1', secrets.slice(0, 1), owner);
    expect(await readdir(source)).toEqual(['key']);
    expect(await readFile(join(source, 'key'), 'utf8')).toBe('changed');
  });

  test('are gone with their container, and with those of a launcher that was killed', async () => {
    const dir = join(await memoryDirectory(), 'secrets');
    const files = new SecretFiles(dir, tmpdir());
    const secrets = [{ name: 'key', file: await sourceFile() }];
    for (const id of ['a', 'b', 'c', 'd']) await files.write('app', id, secrets, OWN_USER);
    await files.remove('a');
    await files.remove('a');
    expect((await readdir(dir)).sort()).toEqual(['b', 'c', 'd']);
    await files.reconcile(new Set(['c', 'other']));
    expect(await readdir(dir)).toEqual(['c']);
    await files.removeAll();
    await expect(stat(dir)).rejects.toThrow('ENOENT');
  });

  test('leave nothing when one of them cannot be read', async () => {
    const dir = join(await memoryDirectory(), 'secrets');
    const files = new SecretFiles(dir, tmpdir());
    const secrets = [
      { name: 'good', file: await sourceFile() },
      { name: 'bad', file: '/nonexistent/secret' },
    ];
    await expect(files.write('app', 'a', secrets, OWN_USER)).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_SECRET_UNREADABLE',
    });
    expect(await readdir(dir)).toEqual([]);
  });

  test('need no directory when there are none', async () => {
    const dir = join(await memoryDirectory(), 'secrets');
    const files = new SecretFiles(dir, tmpdir());
    expect(await files.write('app', 'a', [], OWN_USER)).toEqual([]);
    await files.reconcile(new Set());
    await files.remove('a');
    await expect(stat(dir)).rejects.toThrow('ENOENT');
  });
});

describe('the file of a secret', () => {
  const read = (file: string): Promise<Uint8Array> =>
    readSecret('app', { name: 'key', file }, tmpdir());

  test('is read as it is', async () => {
    const bytes = Uint8Array.from({ length: MAX_SECRET_BYTES }, (_, index) => index % 251);
    expect(Buffer.from(await read(await sourceFile(bytes))).equals(bytes)).toBe(true);
  });

  test('is below the directory for secrets, whatever its path says', async () => {
    const [inside, outside] = [await temporaryDirectory(), await temporaryDirectory()];
    const file = join(outside, 'ca.key');
    await writeFile(file, 'the CA', { mode: 0o600 });
    const dir = join(inside, 'secrets');
    await mkdir(join(dir, 'deeper'), { recursive: true });
    await writeFile(join(dir, 'deeper/good'), 'good', { mode: 0o600 });
    await writeFile(join(inside, 'secrets-too'), 'other', { mode: 0o600 });
    await symlink(file, join(dir, 'link'));
    await symlink(outside, join(dir, 'way-out'));
    await symlink(dir, join(outside, 'way-in'));
    const from = (path: string): Promise<Uint8Array> =>
      readSecret('app', { name: 'key', file: path }, dir);
    const good = ['deeper/good', '../secrets/deeper/good'].map((path) => `${dir}/${path}`);
    for (const path of [...good, join(outside, 'way-in/deeper/good')]) {
      expect(Buffer.from(await from(path)).toString()).toBe('good');
    }
    const bad = [`${dir}/link`, `${dir}/way-out/ca.key`, `${dir}/../secrets-too`, file, dir];
    for (const path of bad) {
      await expect(from(path), path).rejects.toMatchObject({
        code: 'ERR_LAUNCHER_SECRET_UNREADABLE',
        message: expect.stringContaining('is not a secret of this VM') as string,
      });
    }
    await expect(
      readSecret('app', { name: 'key', file }, join(inside, 'absent')),
    ).rejects.toMatchObject({ code: 'ERR_LAUNCHER_SECRET_UNREADABLE' });
  });

  test('may be reached by a link', async () => {
    const link = join(await temporaryDirectory(), 'link');
    await symlink(await sourceFile(), link);
    expect(Buffer.from(await read(link)).toString()).toBe('hush');
  });

  test.each<[string, () => Promise<string>]>([
    ['missing', () => Promise.resolve('/nonexistent/secret')],
    ['a directory', temporaryDirectory],
    ['open to its group', () => sourceFile('hush', 0o640)],
    ['open to others', () => sourceFile('hush', 0o604)],
    ['empty', () => sourceFile('')],
    ['too large', () => sourceFile('x'.repeat(MAX_SECRET_BYTES + 1))],
    ['a device without end', () => Promise.resolve('/dev/zero')],
    [
      'a pipe',
      async () => {
        const pipe = join(await temporaryDirectory(), 'pipe');
        execFileSync('mkfifo', ['-m', '600', pipe]);
        return pipe;
      },
    ],
  ])('is refused when it is %s', async (_name, make) => {
    const file = await make();
    await expect(read(file)).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_SECRET_UNREADABLE',
      message: expect.stringContaining(`${file}, secret key of workload app, `) as string,
    });
  });

  test.runIf(isRoot)('is refused when it belongs to somebody else', async () => {
    const file = await sourceFile();
    await chown(file, 10_001, 10_001);
    await expect(read(file)).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_SECRET_UNREADABLE',
      seen: 'user 10001',
    });
  });

  test('never shows in an error', async () => {
    const error: unknown = await read(await sourceFile('hush-hush', 0o644)).catch(
      (e: unknown) => e,
    );
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('hush-hush');
  });
});
