// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { MIN_VOLUME_BYTES } from '../../launcher/src/volumes/encrypted-volumes.ts';
import {
  growLoop,
  makeFileSystem,
  mountOptions,
  reserve,
  unmount,
} from '../../launcher/src/volumes/file-system-commands.ts';
import { closeLuks, createLuks, luksDevice } from '../../launcher/src/volumes/luks-commands.ts';
import type { VolumeProgram } from '../../launcher/src/volumes/volume-programs.ts';
import { guestKernel, runGuest } from './support/qemu-guest.ts';

/** Device-mapper and what LUKS2 with authenticated sectors needs. */
const MODULES = ['loop', 'dm-crypt', 'dm-integrity', 'authenc', 'ecb', 'xts', 'algif_skcipher'];

const PROGRAMS = [
  ...['cryptsetup', 'dmsetup', 'fallocate', 'grep', 'losetup'],
  ...['mkfs.ext4', 'mount', 'resize2fs', 'umount'],
];

const PLACE = {
  deviceName: 'proofgate-0a1b2c3d-app',
  image: '/data/image',
  inner: '/data/inner',
  mountPoint: '/data/app',
};

const KEY = Buffer.from('5ec2'.repeat(16));

/** What the launcher would run, for a shell: each tells how it ended. */
function commands(calls: readonly VolumeProgram[]): string {
  return calls.map(command).join('\n');
}

function command({ program, args, input }: VolumeProgram): string {
  // The shell would prefer its own programs of the same name.
  const line = [`/guest/${program}`, ...args].map(quoted).join(' ');
  const source = input === undefined ? '' : `printf %s ${quoted(input.toString())} | `;
  return `${source}${line}\necho "${program} ${args[0]!} -> $?"`;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Prints a line that begins with a name, so that the test finds it. */
function tell(name: string, script: string): string {
  return `echo "${name}: $(${script})"`;
}

const SCRIPT = [
  `mkdir ${PLACE.mountPoint} ${PLACE.inner}`,
  commands([reserve(PLACE.image, MIN_VOLUME_BYTES), ...createLuks(PLACE, MIN_VOLUME_BYTES, KEY)]),
  tell('layers', "dmsetup table | sed 's/[0-9a-f]\\{32,\\}/-/g' | cut -d' ' -f4-5 | sort | xargs"),
  tell(
    'cipher',
    `cryptsetup luksDump ${PLACE.image} | grep -E 'cipher:|integrity:|sector:' | xargs`,
  ),
  tell('mount', `grep ' ${PLACE.mountPoint} ' /proc/mounts`),
  // How the launcher tells that what is mounted is the device.
  tell('mounted device', `stat -c %D ${PLACE.mountPoint}`),
  tell('device', `stat -L -c '%t%02T' ${luksDevice(PLACE)}`),
  `yes remarkable | head -c 4000000 >${PLACE.mountPoint}/file; sync`,
  tell(
    'plain text or key in the image',
    `/guest/grep -c -a -F -e remarkable -e ${KEY.toString()} ${PLACE.image}`,
  ),
  tell('before', `md5sum <${PLACE.mountPoint}/file`),
  'echo 3 >/proc/sys/vm/drop_caches',
  tell('after', `md5sum <${PLACE.mountPoint}/file`),
  tell(
    'another key',
    `echo wrong | cryptsetup open --test-passphrase --key-file - ${PLACE.image} 2>&1; echo $?`,
  ),
  // All but the header.
  `dd if=/dev/zero of=${PLACE.image} bs=1M seek=20 count=44 conv=notrunc 2>/dev/null`,
  'echo 3 >/proc/sys/vm/drop_caches',
  tell('changed on the disk', `md5sum ${PLACE.mountPoint}/file 2>&1`),
  commands([unmount(PLACE.mountPoint), closeLuks(PLACE)]),
  tell('devices left', 'ls /dev/mapper; /guest/losetup --list --noheadings'),
  // A volume of the other kind grows; the machine of the tests may lack the capability for it.
  commands([
    reserve('/data/plain', MIN_VOLUME_BYTES),
    makeFileSystem('/data/plain', MIN_VOLUME_BYTES),
  ]),
  `/guest/mount -t ext4 -o ${mountOptions('loop')} /data/plain ${PLACE.inner}`,
  commands(growLoop('/data/plain', '/dev/loop0', 3 * MIN_VOLUME_BYTES)),
  tell('grown', `df -m ${PLACE.inner} | tail -n 1 | awk '{ print ($2 > 170) }'`),
].join('\n');

const missing = guestKernel() === undefined && process.env['CI'] !== 'true';

test.skipIf(missing)(
  'LUKS2 in a virtual machine: encrypted, authenticated, and gone when it is closed',
  { timeout: 180_000 },
  async () => {
    const output = await runGuest({ programs: PROGRAMS, modules: MODULES, script: SCRIPT });
    const lines = output.split('\n');
    const told = (name: string): string | undefined =>
      lines
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2)
        .trim();
    const failed = lines.filter((line) => / -> [1-9]/.test(line));
    expect(failed, output).toEqual([]);
    expect(lines.filter((line) => line.endsWith(' -> 0')).length, output).toBe(12);
    expect(told('layers')).toMatch(/^crypt capi:authenc\(hmac\(sha256\),xts\(aes\)\).* integrity /);
    expect(told('cipher')).toMatch(
      /cipher: aes-xts-plain64 sector: 4096 .*integrity: hmac\(sha256\)/,
    );
    expect(told('mount')).toMatch(/ ext4 rw,nosuid,nodev,noatime/);
    expect(told('mounted device')).toBe(told('device'));
    expect(told('plain text or key in the image')).toBe('0');
    expect(told('before')).toMatch(/^[0-9a-f]{32}/);
    expect(told('after')).toBe(told('before'));
    expect(told('another key')).toMatch(/^No key available/);
    expect(told('changed on the disk')).toMatch(/Input\/output error|I\/O error/);
    expect(told('devices left')).toBe('control');
    expect(told('grown')).toBe('1');
  },
);
