// SPDX-License-Identifier: Apache-2.0
import { appendFile, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { capLogFiles, logPath, openLogFiles } from '../src/logs/log-files.ts';
import { isRoot, temporaryDirectory } from './fixtures.ts';

describe('log files', () => {
  test('are appended to, private, and in a directory of their own', async () => {
    const dir = join(await temporaryDirectory(), 'app');
    for (const line of ['first\n', 'second\n']) {
      const logs = await openLogFiles(dir, undefined);
      await logs.stdout.write(line);
      await logs.stderr.write(line.toUpperCase());
      await logs.close();
    }
    expect(await readFile(logPath(dir, 'stdout'), 'utf8')).toBe('first\nsecond\n');
    expect(await readFile(logPath(dir, 'stderr'), 'utf8')).toBe('FIRST\nSECOND\n');
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    expect((await stat(logPath(dir, 'stdout'))).mode & 0o777).toBe(0o600);
  });

  test.runIf(isRoot)('belong to the user that writes them', async () => {
    const dir = join(await temporaryDirectory(), 'app');
    const logs = await openLogFiles(dir, { uid: 12345, gid: 23456 });
    await logs.close();
    const { uid, gid } = await stat(logPath(dir, 'stderr'));
    expect([uid, gid]).toEqual([12345, 23456]);
  });

  test('are not opened through a symbolic link', async () => {
    const dir = await temporaryDirectory();
    await writeFile(join(dir, 'victim'), 'precious');
    await symlink(join(dir, 'victim'), logPath(dir, 'stderr'));
    await expect(openLogFiles(dir, undefined)).rejects.toMatchObject({ code: 'ELOOP' });
  });

  test('keep their last part when they outgrow the limit, and the writer goes on', async () => {
    const dir = await temporaryDirectory();
    const logs = await openLogFiles(dir, undefined);
    await logs.stdout.write('0123456789');
    await capLogFiles(dir, 10);
    expect(await readFile(logPath(dir, 'stdout'), 'utf8'), 'at the limit').toBe('0123456789');

    await logs.stdout.write('abc');
    await capLogFiles(dir, 10);
    expect(await readFile(`${logPath(dir, 'stdout')}.1`, 'utf8')).toBe('3456789abc');
    await logs.stdout.write('next');
    await logs.close();
    expect(await readFile(logPath(dir, 'stdout'), 'utf8')).toBe('next');
  });

  test('are left alone when there are none', async () => {
    const dir = await temporaryDirectory();
    await capLogFiles(dir, 10);
    await appendFile(logPath(dir, 'stdout'), 'x');
    await capLogFiles(dir, 10);
    expect(await readFile(logPath(dir, 'stdout'), 'utf8')).toBe('x');
  });
});
