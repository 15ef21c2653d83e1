// SPDX-License-Identifier: Apache-2.0
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  assertPrivateFile,
  ensureDir,
  readBoundedFile,
  readJsonFile,
  writeFileAtomic,
} from '@proofgate/daemon';
import { temporaryDirectory } from './temporary-directory.ts';

const isRoot = process.geteuid?.() === 0;

const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

function withUmask(mask: number): void {
  const before = process.umask(mask);
  onTestFinished(() => {
    process.umask(before);
  });
}

describe('writeFileAtomic', () => {
  test('writes a new file that only its owner reads, and leaves nothing else', async () => {
    const directory = temporaryDirectory();
    await writeFileAtomic(join(directory, 'a'), 'text');
    expect(readFileSync(join(directory, 'a'), 'utf8')).toBe('text');
    expect(modeOf(join(directory, 'a'))).toBe('600');
    expect(readdirSync(directory)).toEqual(['a']);
  });

  test('replaces what was there, with its own mode', async () => {
    const path = join(temporaryDirectory(), 'a');
    writeFileSync(path, 'a longer old text', { mode: 0o600 });
    await writeFileAtomic(path, Uint8Array.of(1, 2, 3), { mode: 0o644 });
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    expect(modeOf(path)).toBe('644');
  });

  test('gives the mode it was told whatever the umask', async () => {
    const path = join(temporaryDirectory(), 'a');
    withUmask(0o077);
    await writeFileAtomic(path, 'x', { mode: 0o664 });
    expect(modeOf(path)).toBe('664');
  });

  test('replaces a link instead of writing through it', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'target'), 'untouched');
    symlinkSync('target', join(directory, 'link'));
    await writeFileAtomic(join(directory, 'link'), 'new');
    expect(readFileSync(join(directory, 'target'), 'utf8')).toBe('untouched');
    expect(readFileSync(join(directory, 'link'), 'utf8')).toBe('new');
  });

  test('leaves no temporary file and the old state when it fails', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'a');
    mkdirSync(join(path, 'inside'), { recursive: true });
    await expect(writeFileAtomic(path, 'x')).rejects.toMatchObject({
      code: 'ERR_DAEMON_FILE_WRITE',
    });
    expect(readdirSync(directory)).toEqual(['a']);
    expect(readdirSync(path)).toEqual(['inside']);
  });

  test('refuses a directory that is not there', async () => {
    const path = join(temporaryDirectory(), 'no', 'a');
    await expect(writeFileAtomic(path, 'x')).rejects.toMatchObject({
      code: 'ERR_DAEMON_FILE_WRITE',
    });
  });
});

describe('readBoundedFile', () => {
  test('reads up to its limit and not a byte more', async () => {
    const path = join(temporaryDirectory(), 'a');
    writeFileSync(path, 'abcd');
    await expect(readBoundedFile(path, 4)).resolves.toEqual(Buffer.from('abcd'));
    await expect(readBoundedFile(path, 3)).rejects.toMatchObject({
      code: 'ERR_DAEMON_FILE_TOO_LARGE',
    });
  });

  test('reads an empty file', async () => {
    const path = join(temporaryDirectory(), 'a');
    writeFileSync(path, '');
    await expect(readBoundedFile(path, 4)).resolves.toHaveLength(0);
  });
});

describe('readJsonFile', () => {
  const number = (value: unknown): number => {
    if (typeof value !== 'number') throw new TypeError('not a number');
    return value;
  };

  test('hands the value to the parser', async () => {
    const path = join(temporaryDirectory(), 'a.json');
    writeFileSync(path, '17');
    await expect(readJsonFile(path, number)).resolves.toBe(17);
    writeFileSync(path, '"17"');
    await expect(readJsonFile(path, number)).rejects.toThrow(TypeError);
  });

  test.each([
    ['text that is no JSON', Buffer.from('{"a":}'), 'ERR_DAEMON_JSON_INVALID'],
    ['an empty file', Buffer.alloc(0), 'ERR_DAEMON_JSON_INVALID'],
    ['text that is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'ERR_DAEMON_JSON_INVALID'],
    ['more than its limit', Buffer.from('123456'), 'ERR_DAEMON_FILE_TOO_LARGE'],
    ['a file that is not there', undefined, 'ERR_DAEMON_FILE_MISSING'],
  ])('refuses %s', async (_what, content, code) => {
    const path = join(temporaryDirectory(), 'a.json');
    if (content !== undefined) writeFileSync(path, content);
    const reading = readJsonFile(path, (value) => value, {
      maxBytes: code.endsWith('LARGE') ? 5 : 100,
    });
    await expect(reading).rejects.toMatchObject({ code });
  });
});

describe('ensureDir', () => {
  test('makes a directory with its parents and exactly its mode', async () => {
    const path = join(temporaryDirectory(), 'a', 'b');
    withUmask(0o077);
    await ensureDir(path, 0o750);
    expect(modeOf(path)).toBe('750');
  });

  test('tightens one that is there', async () => {
    const path = temporaryDirectory();
    chmodSync(path, 0o777);
    await ensureDir(path, 0o700);
    expect(modeOf(path)).toBe('700');
  });

  test.runIf(isRoot)('refuses one that another user owns', async () => {
    const path = temporaryDirectory();
    chownSync(path, 1, 1);
    const making = ensureDir(path, 0o700);
    await expect(making).rejects.toMatchObject({
      code: 'ERR_DAEMON_FILE_WRITE',
      message: expect.stringContaining('belongs to user 1') as string,
    });
  });

  test.each(['file', 'link'])('refuses a %s in its place', async (kind) => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'file'), '');
    symlinkSync('.', join(directory, 'link'));
    const making = ensureDir(join(directory, kind), 0o700);
    await expect(making).rejects.toMatchObject({ code: 'ERR_DAEMON_FILE_WRITE' });
  });
});

describe('assertPrivateFile', () => {
  test.each([0o600, 0o400, 0o700])('accepts mode %o', async (mode) => {
    const path = join(temporaryDirectory(), 'key');
    writeFileSync(path, '', { mode });
    await expect(assertPrivateFile(path)).resolves.toBeUndefined();
  });

  test.each([0o640, 0o604, 0o620, 0o602, 0o610])('refuses mode %o', async (mode) => {
    const path = join(temporaryDirectory(), 'key');
    writeFileSync(path, '');
    chmodSync(path, mode);
    await expect(assertPrivateFile(path)).rejects.toMatchObject({
      code: 'ERR_DAEMON_FILE_NOT_PRIVATE',
      seen: `mode 0${mode.toString(8)}`,
      hint: `chmod 600 ${path}`,
    });
  });

  test.runIf(isRoot)('refuses what another user owns, and accepts what root owns', async () => {
    const directory = temporaryDirectory();
    const [foreign, ofRoot] = [join(directory, 'foreign'), join(directory, 'root')];
    for (const path of [foreign, ofRoot]) writeFileSync(path, '', { mode: 0o600 });
    chownSync(foreign, 1, 1);
    await expect(assertPrivateFile(foreign)).rejects.toMatchObject({
      code: 'ERR_DAEMON_FILE_NOT_PRIVATE',
      seen: 'owner 1',
    });
    await expect(assertPrivateFile(ofRoot)).resolves.toBeUndefined();
  });

  test('refuses a directory and a file that is not there', async () => {
    const directory = temporaryDirectory();
    await expect(assertPrivateFile(directory)).rejects.toMatchObject({
      code: 'ERR_DAEMON_FILE_NOT_PRIVATE',
    });
    await expect(assertPrivateFile(join(directory, 'no'))).rejects.toMatchObject({
      code: 'ERR_DAEMON_FILE_MISSING',
    });
  });
});
