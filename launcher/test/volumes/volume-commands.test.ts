// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { VolumePlace } from '../../src/volumes/encrypted-volume.ts';
import { growLoop, makeFileSystem, reserve } from '../../src/volumes/file-system-commands.ts';
import { createGocryptfs } from '../../src/volumes/gocryptfs-commands.ts';
import { closeLuks, createLuks } from '../../src/volumes/luks-commands.ts';
import { LuksBackend } from '../../src/volumes/luks-backend.ts';
import { timeToWrite, type VolumeProgram } from '../../src/volumes/volume-programs.ts';

const PLACE: VolumePlace = {
  deviceName: 'proofgate-0a1b2c3d-app',
  image: '/data/encrypted/app/image',
  inner: '/data/encrypted/app/inner',
  mountPoint: '/run/encrypted/app',
};

const KEY = Buffer.from('0123456789abcdef'.repeat(4));
const GIB = 2 ** 30;

function lines(calls: readonly VolumeProgram[]): readonly string[] {
  return calls.map(({ program, args }) => [program, ...args].join(' '));
}

test.each([
  ['luks2', createLuks(PLACE, GIB, KEY)],
  ['gocryptfs', createGocryptfs(PLACE, GIB, KEY)],
])('the key of %s is in what programs read, and in no argument', (_kind, calls) => {
  expect(lines(calls).join('\n')).not.toContain(KEY.toString());
  const inputs = calls.flatMap(({ input }) =>
    input === undefined ? [] : [input.toString().trim()],
  );
  expect(inputs).toEqual([KEY.toString(), KEY.toString()]);
});

test('LUKS2: encrypted, authenticated, and written once in full', () => {
  const calls = createLuks(PLACE, GIB, KEY);
  expect(lines(calls)).toEqual([
    'cryptsetup luksFormat --batch-mode --type luks2 --cipher aes-xts-plain64 --key-size 512 --integrity hmac-sha256' +
      ' --sector-size 4096 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file - /data/encrypted/app/image',
    'cryptsetup open --type luks2 --integrity-no-journal --key-file - /data/encrypted/app/image proofgate-0a1b2c3d-app',
    'mkfs.ext4 -q -F -m 0 -b 4096 -O ^has_journal -E nodiscard,lazy_itable_init=0 /dev/mapper/proofgate-0a1b2c3d-app',
    'mount -t ext4 -o nosuid,nodev,noatime /dev/mapper/proofgate-0a1b2c3d-app /run/encrypted/app',
  ]);
  expect(calls[0]!.timeoutMs).toBe(timeToWrite(GIB));
  expect(lines([closeLuks(PLACE)])).toEqual(['cryptsetup close proofgate-0a1b2c3d-app']);
});

test('gocryptfs: in a file system that is as large as it may become', () => {
  expect(lines(createGocryptfs(PLACE, GIB, KEY))).toEqual([
    'mkfs.ext4 -q -F -m 0 -b 4096 -O ^has_journal -E nodiscard,lazy_itable_init=0 /data/encrypted/app/image',
    'mount -t ext4 -o nosuid,nodev,noatime,loop,noexec /data/encrypted/app/image /data/encrypted/app/inner',
    'mkdir -m 700 /data/encrypted/app/inner/files',
    'gocryptfs -init -q -nosyslog -scryptn 10 /data/encrypted/app/inner/files',
    'gocryptfs -q -nosyslog -allow_other -nosuid -nodev /data/encrypted/app/inner/files /run/encrypted/app',
  ]);
});

test('space is reserved, and growing is the same and more', () => {
  expect(lines([reserve('/i', 5)])).toEqual(['fallocate --length 5 /i']);
  expect(lines(growLoop('/i', '/dev/loop7', 9))).toEqual([
    'fallocate --length 9 /i',
    'losetup --set-capacity /dev/loop7',
    'resize2fs /dev/loop7',
  ]);
  expect(makeFileSystem('/i', GIB).timeoutMs).toBeGreaterThan(30_000);
});

test('a volume of any size gets some time, and no more than a timer can hold', () => {
  expect(timeToWrite(0)).toBe(30_000);
  expect(timeToWrite(2 ** 50)).toBeLessThan(2 ** 31);
});

test('the backend of LUKS2 runs what was listed, and does not pretend to grow', async () => {
  const ran: VolumeProgram[] = [];
  const backend = new LuksBackend((call) => {
    ran.push(call);
    return Promise.resolve();
  });
  await backend.create(PLACE, GIB, KEY);
  expect(lines(ran)).toEqual(lines(createLuks(PLACE, GIB, KEY)));
  // Nothing of this place exists.
  expect(await backend.isOpen(PLACE)).toBe(false);
  ran.length = 0;
  await backend.close(PLACE);
  expect(ran).toEqual([]);
  await expect(backend.grow()).rejects.toMatchObject({ code: 'ERR_LAUNCHER_VOLUME_REFUSED' });
});
