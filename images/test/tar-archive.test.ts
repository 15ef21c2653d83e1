// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tarArchive, type TarEntry } from '@proofgate/images';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tar-archive-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function archive(entries: readonly TarEntry[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of tarArchive(entries, 1_000_000_000)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function text(path: string, content: string, mode = 0o644): TarEntry {
  const bytes = new TextEncoder().encode(content);
  return { kind: 'file', path, mode, content: { kind: 'bytes', bytes } };
}

function copy(path: string, file: string, sha256?: string): TarEntry {
  const bytes = readFileSync(file);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const content = { kind: 'file', file, size: bytes.length, sha256: sha256 ?? digest } as const;
  return { kind: 'file', path, mode: 0o555, content };
}

test('tar lists and unpacks what was packed', async () => {
  const source = join(directory, 'source');
  writeFileSync(source, 'x'.repeat(100_000));
  const long = `${'folder/'.repeat(20)}${'n'.repeat(100)}`;
  const bytes = await archive([
    { kind: 'directory', path: 'a', mode: 0o1777 },
    text('a/empty', ''),
    text('a/text', 'hello\n', 0o600),
    copy('a/copy', source),
    text(long, 'deep'),
  ]);
  expect(bytes.length % 512).toBe(0);
  const file = join(directory, 'a.tar');
  writeFileSync(file, bytes);

  const list = execFileSync('tar', ['--utc', '--numeric-owner', '-tvf', file], {
    encoding: 'utf8',
  });
  const columns = list.split('\n').map((line) => line.replace(/ +/g, ' '));
  expect(columns).toEqual([
    'drwxrwxrwt 0/0 0 2001-09-09 01:46 a/',
    '-rw-r--r-- 0/0 0 2001-09-09 01:46 a/empty',
    '-rw------- 0/0 6 2001-09-09 01:46 a/text',
    '-r-xr-xr-x 0/0 100000 2001-09-09 01:46 a/copy',
    `-rw-r--r-- 0/0 4 2001-09-09 01:46 ${long}`,
    '',
  ]);
  execFileSync('tar', ['-xf', file, '-C', directory]);
  expect(readFileSync(join(directory, 'a/text'), 'utf8')).toBe('hello\n');
  expect(statSync(join(directory, 'a/copy')).size).toBe(100_000);
});

test('a file that changed since it was hashed is refused', async () => {
  const source = join(directory, 'source');
  writeFileSync(source, 'before');
  await expect(archive([copy('a', source)])).resolves.toBeDefined();
  const stale = copy('a', source);
  writeFileSync(source, 'after!');
  await expect(archive([stale])).rejects.toMatchObject({ code: 'ERR_IMAGES_INPUT_CHANGED' });
});

test.each([
  ['a name of 100 bytes', 'n'.repeat(100), true],
  ['a name of 101 bytes', 'n'.repeat(101), false],
  ['folders of 155 bytes', `${'f'.repeat(155)}/n`, true],
  ['folders of 156 bytes', `${'f'.repeat(156)}/n`, false],
])('%s', async (_, path, fits) => {
  const result = archive([text(path, '')]);
  if (fits) await expect(result).resolves.toBeDefined();
  else await expect(result).rejects.toMatchObject({ code: 'ERR_IMAGES_PATH_TOO_LONG' });
});
