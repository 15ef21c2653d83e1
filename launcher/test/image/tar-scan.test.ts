// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LayerFindings } from '../../src/image/layer/layer-policy.ts';
import { TarScan } from '../../src/image/layer/tar-scan.ts';
import { tarOf, type LayerEntry } from '../../../test/containers/support/oci-tar.ts';
import { scratchDirectory } from './store-stage.ts';

const REFUSED = 'ERR_LAUNCHER_IMAGE_REFUSED';
const TOO_LARGE = 'ERR_LAUNCHER_IMAGE_TOO_LARGE';

describe('TarScan', () => {
  test.each(['gnu', 'pax', 'ustar'])('reads what tar writes in format %s', async (format) => {
    const directory = await scratchDirectory();
    const deep = join(directory, 'a'.repeat(60), 'b'.repeat(60));
    mkdirSync(deep, { recursive: true });
    writeFileSync(join(deep, 'file'), 'x'.repeat(1_000));
    writeFileSync(join(directory, 'program'), '', { mode: 0o755 });
    linkSync(join(directory, 'program'), join(directory, 'same'));
    symlinkSync('/etc/passwd', join(directory, 'link'));
    const archive = execFileSync('tar', [`--format=${format}`, '-C', directory, '-cf', '-', '.']);
    for (const size of [1, 512, 1_000, archive.length]) {
      expect(scan(archive, size)).toEqual({ entries: 7, setuid: 0, hiddenDevices: 0 });
    }
  });

  test.each<[string, LayerEntry]>([
    ['a file', { name: 'a/b', content: 'x' }],
    ['an absolute name', { name: '/ko-app/server', content: 'x' }],
    ['a root directory', { name: './', type: 'directory' }],
    ['a directory with a slash', { name: 'a/' }],
    ['a symbolic link to anywhere', { name: 'a', type: 'symlink', target: '../../../etc' }],
    ['a hard link', { name: 'a', type: 'link', target: '/bin/b' }],
    ['a fifo', { name: 'a', type: 'fifo' }],
    ['a long name', { name: `${'a'.repeat(200)}/${'b'.repeat(200)}`, content: 'x' }],
    ['a long target', { name: 'a', type: 'symlink', target: 'b'.repeat(300) }],
    ['a whiteout', { name: 'a/.wh.b' }],
    ['an opaque whiteout', { name: 'a/.wh..wh..opq' }],
    ['a name with dots', { name: 'a/..b/c..' }],
  ])('accepts %s', (_, entry) => {
    expect(scan(tarOf([entry])).entries).toBe(1);
  });

  test('counts what is worth knowing', () => {
    const findings = scan(
      tarOf([
        { name: 'bin/su', mode: 0o4755 },
        { name: 'bin/wall', mode: 0o2755 },
        { name: 'srv', type: 'directory', mode: 0o2755 },
        { name: 'dev/null', type: 'character-device', device: [1, 3] },
        { name: './dev/loop0', type: 'block-device', device: [7, 0] },
      ]),
    );
    expect(findings).toEqual({ entries: 5, setuid: 2, hiddenDevices: 2 });
  });

  test.each<[string, LayerEntry]>([
    ['a name that climbs', { name: 'a/../../b' }],
    ['a name that ends above', { name: 'a/..' }],
    ['a hard link that climbs', { name: 'a', type: 'link', target: '../b' }],
    ['a hard link to nothing', { name: 'a', type: 'link' }],
    ['a character device', { name: 'etc/null', type: 'character-device', device: [1, 3] }],
    ['a block device', { name: 'disk', type: 'block-device', device: [8, 0] }],
    ['a device in the place of /dev', { name: 'dev', type: 'block-device', device: [8, 0] }],
    ['a file as root', { name: './', type: 'symlink', target: '/tmp' }],
    ['a whiteout of everything', { name: '.wh..' }],
    ['a whiteout of what is above', { name: 'a/.wh...' }],
    ['a whiteout of nothing', { name: 'a/.wh.' }],
    ['a name longer than a path', { name: 'a'.repeat(4_097) }],
    ['a long name with NUL', { name: `${'a'.repeat(200)}\0b` }],
    ['a link with a body', { name: 'a', type: 'symlink', target: 'b', content: 'x' }],
    ['a directory with a body', { name: 'a', type: 'directory', content: 'x' }],
    ['a file that is a directory, with a body', { name: 'a/', content: 'x' }],
  ])('refuses %s', (_, entry) => {
    expect(codeOf(tarOf([entry]))).toBe(REFUSED);
  });

  test.each<[string, string]>([
    ['a sparse file', '22 GNU.sparse.major=1\n'],
    ['a wrong length', '99 path=a\n'],
    ['no length', 'path=a\n'],
    ['no line feed', '9 path=ab'],
    ['no key', '5 =a\n'],
    ['the same key twice', '9 path=a\n9 path=b\n'],
    ['a size that is no number', '10 size=-1\n'],
    ['a name that climbs', '12 path=../a\n'],
  ])('refuses a pax header with %s', (_, content) => {
    expect(codeOf(tarOf([{ name: 'pax', type: 'pax', content }, { name: 'a' }]))).toBe(REFUSED);
  });

  test('takes the size from a pax header', () => {
    const archive = tarOf([
      { name: 'pax', type: 'pax', content: '12 size=513\n' },
      { name: 'a', content: 'x'.repeat(1_024), claimedSize: 0 },
      { name: 'b' },
    ]);
    expect(scan(archive).entries).toBe(2);
  });

  test.each<[string, (archive: Buffer) => Buffer]>([
    ['another checksum', (archive) => changed(archive, 0, 0x41)],
    ['an unknown type', (archive) => signed(changed(archive, 156, 0x56))],
    ['the type of a sparse file', (archive) => signed(changed(archive, 156, 0x53))],
    ['an old format', (archive) => signed(changed(archive, 257, 0))],
    ['another version of the format', (archive) => signed(changed(archive, 263, 0x31))],
    ['a number that is none', (archive) => signed(changed(archive, 124, 0x39))],
    ['a number too large', (archive) => signed(changed(archive, 124, 0xff))],
    ['the trailer of star', (archive) => signed(withText(archive, 508, 'tar\0'))],
  ])('refuses a header with %s', (_, change) => {
    const archive = tarOf([{ name: 'a', content: 'x' }]);
    expect(codeOf(signed(archive))).toBeUndefined();
    expect(codeOf(change(archive))).toBe(REFUSED);
  });

  test.each<[string, readonly LayerEntry[], string]>([
    ['two pax headers', [pax('9 path=a\n'), pax('9 path=b\n'), { name: 'c' }], 'x'],
    ['names for all entries', [pax('9 path=a\n'), { name: 'c' }], 'g'],
    ['a pax header at the end', [pax('9 path=a\n')], 'x'],
    ['two long names', [pax('a\0'), pax('b\0'), { name: 'c' }], 'L'],
    ['a long name at the end', [pax('a\0')], 'L'],
    ['a long target that climbs', [pax('../a\0'), { name: 'c', type: 'link' }], 'K'],
  ])('refuses %s', (_, entries, flag) => {
    expect(codeOf(withFlags(tarOf(entries), flag))).toBe(REFUSED);
  });

  test.each<[string, readonly LayerEntry[], string]>([
    ['a comment for all entries', [pax('13 comment=a\n'), { name: 'c' }], 'g'],
    ['a long name', [pax('a\0'), { name: 'c' }], 'L'],
    ['a long target', [pax('a\0'), { name: 'c', type: 'link' }], 'K'],
  ])('accepts %s', (_, entries, flag) => {
    expect(scan(withFlags(tarOf(entries), flag)).entries).toBe(1);
  });

  test('refuses both a pax header and a long name', () => {
    const archive = tarOf([pax('9 path=a\n'), pax('b\0'), { name: 'c' }]);
    const second = signed(changed(archive.subarray(1_024), 156, 'L'.charCodeAt(0)));
    expect(codeOf(Buffer.concat([archive.subarray(0, 1_024), second]))).toBe(REFUSED);
  });

  test('an archive ends where it says so', () => {
    const archive = tarOf([{ name: 'a', content: 'x' }]);
    const entry = archive.subarray(0, 1_024);
    const zeros = Buffer.alloc(512);
    expect(codeOf(Buffer.concat([archive, Buffer.alloc(10_000)]))).toBe(REFUSED);
    expect(codeOf(Buffer.concat([archive, Buffer.alloc(10_240)]))).toBeUndefined();
    expect(codeOf(entry)).toBeUndefined();
    expect(codeOf(Buffer.alloc(0))).toBeUndefined();
    expect(codeOf(Buffer.concat([archive, entry]))).toBe(REFUSED);
    expect(codeOf(Buffer.concat([entry, zeros, entry]))).toBe(REFUSED);
    for (const cut of [1, 511, 513, 1_000]) {
      expect(codeOf(entry.subarray(0, entry.length - cut))).toBe(REFUSED);
    }
  });

  test('has bounds', () => {
    const entries = Array.from({ length: 10 }, (_, at) => ({ name: String(at) }));
    expect(scan(tarOf(entries), 512, 10).entries).toBe(10);
    expect(codeOf(tarOf(entries), 9)).toBe(TOO_LARGE);
    const long = { name: 'pax', type: 'pax', claimedSize: 1024 * 1024 + 1 } as const;
    expect(codeOf(tarOf([long]))).toBe(TOO_LARGE);
  });
});

function scan(archive: Uint8Array, pieceSize = 4_096, maxEntries = 1_000): LayerFindings {
  const scanning = new TarScan('layer', maxEntries);
  for (let at = 0; at < archive.length; at += pieceSize) {
    scanning.write(archive.subarray(at, at + pieceSize));
  }
  return scanning.finish();
}

function codeOf(archive: Uint8Array, maxEntries?: number): unknown {
  try {
    scan(archive, 4_096, maxEntries);
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
}

function pax(content: string): LayerEntry {
  return { name: 'extra', type: 'pax', content };
}

function changed(archive: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(archive);
  copy[at] = byte;
  return copy;
}

function withText(archive: Buffer, at: number, text: string): Buffer {
  const copy = Buffer.from(archive);
  copy.write(text, at, 'latin1');
  return copy;
}

/** Gives the first header the checksum that it should have. */
function signed(archive: Buffer): Buffer {
  const copy = Buffer.from(archive);
  copy.fill(0x20, 148, 156);
  const sum = copy.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return copy;
}

/** Turns all pax headers into something else. */
function withFlags(archive: Buffer, flag: string): Buffer {
  let copy = Buffer.from(archive);
  for (let at = 0; at < copy.length; at += 512) {
    if (copy.toString('latin1', at, at + 6) !== 'extra\0') continue;
    const header = signed(changed(copy.subarray(at), 156, flag.charCodeAt(0)));
    copy = Buffer.concat([copy.subarray(0, at), header]);
  }
  return copy;
}
