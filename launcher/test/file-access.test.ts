// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findObstacle } from '../src/process/file-access.ts';
import { temporaryDirectory, writeProgram } from './fixtures.ts';

const STRANGER = { uid: 54321, gid: 54321 };

describe('what keeps a user from a file', () => {
  test('is nothing when everybody may read it', async () => {
    const dir = await temporaryDirectory();
    const file = await writeProgram(dir, 'file', '');
    expect(await findObstacle(file, STRANGER)).toBeUndefined();
  });

  test('is the file or a directory above it, also behind a link', async () => {
    const dir = await temporaryDirectory();
    await mkdir(join(dir, 'closed'));
    const file = await writeProgram(join(dir, 'closed'), 'file', '');
    const link = join(dir, 'link');
    await symlink(file, link);
    await chmod(file, 0o600);
    expect(await findObstacle(file, STRANGER)).toBe(file);
    await chmod(join(dir, 'closed'), 0o700);
    expect(await findObstacle(link, STRANGER)).toBe(join(dir, 'closed'));
    const { uid, gid } = await stat(file);
    expect(await findObstacle(link, { uid, gid }), 'the owner').toBeUndefined();
  });

  test('goes by the bits of the first class that fits', async () => {
    const dir = await temporaryDirectory();
    const file = await writeProgram(dir, 'file', '');
    const { gid } = await stat(file);
    await chmod(file, 0o604);
    expect(await findObstacle(file, STRANGER)).toBeUndefined();
    expect(await findObstacle(file, { uid: 54321, gid })).toBe(file);
  });
});
