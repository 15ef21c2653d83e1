// SPDX-License-Identifier: Apache-2.0
import { copyFile, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../fixtures.ts';
import { capabilityMask, unknownCapability } from '../../src/container/capabilities.ts';
import { findInitProgram, requireInit } from '../../src/container/init-program.ts';
import { cleanTarget, overlap, reservedTarget } from '../../src/container/mount-targets.ts';
import { hostsFile, nameServers, resolverFile } from '../../src/container/name-files.ts';
import { openFilesLimit, readOpenFilesLimit } from '../../src/container/open-files-limit.ts';
import { userNamespaceBase } from '../../src/container/user/user-namespace-base.ts';

describe('names', () => {
  test('of the container itself', () => {
    expect(hostsFile('app')).toBe(
      '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 app\n',
    );
  });

  test('are asked of the VM’s servers, as far as a container reaches them', () => {
    const text = `# comment
nameserver 127.0.0.53
nameserver 192.0.2.1
  nameserver   192.0.2.2  # trailing
nameserver 169.254.169.253
nameserver fe80::1
nameserver 192.0.2.1
nameserver
search example.com
nameserver 192.0.2.3
nameserver 192.0.2.4
`;
    expect(nameServers(text)).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3']);
    expect(resolverFile(true, text)).toBe(
      'nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n',
    );
  });

  test('are asked of public servers when the VM has none for it, and of nobody without egress', () => {
    expect(resolverFile(true, 'nameserver 127.0.0.53\n')).toBe(
      'nameserver 1.1.1.1\nnameserver 8.8.8.8\n',
    );
    expect(resolverFile(false, 'nameserver 192.0.2.1\n')).not.toMatch(/^nameserver/m);
  });
});

describe('the init program', () => {
  test('is the first static one', async () => {
    const dir = await temporaryDirectory();
    const [script, dynamic, fixed, link, short] = [
      'script',
      'dynamic',
      'static',
      'link',
      'short',
    ].map((name) => join(dir, name)) as [string, string, string, string, string];
    await writeFile(script, '#!/bin/sh\n');
    await copyFile(process.execPath, dynamic);
    await writeFile(fixed, elf([1, 2]));
    await symlink(fixed, link);
    await writeFile(short, elf([1, 2]).subarray(0, 70));

    expect(
      await findInitProgram([join(dir, 'absent'), dir, script, dynamic, short]),
    ).toBeUndefined();
    expect(await findInitProgram([dynamic, link])).toBe(fixed);
    await writeFile(fixed, elf([1, 3]));
    expect(await findInitProgram([fixed])).toBeUndefined();
    await writeFile(fixed, elf([]));
    expect(await findInitProgram([fixed])).toBeUndefined();
    await writeFile(fixed, elf([1]).fill(1, 4, 5));
    expect(await findInitProgram([fixed])).toBeUndefined();
  });

  test('is asked for with a hint', () => {
    expect(requireInit('app', '/init')).toBe('/init');
    expect(() => requireInit('app', undefined)).toThrow('workload app cannot have an init');
  });

  /** A 64-bit program with program headers of these types. */
  function elf(types: readonly number[]): Buffer {
    const bytes = Buffer.alloc(64 + 56 * types.length);
    Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(bytes);
    bytes.writeBigUInt64LE(64n, 32);
    bytes.writeUInt16LE(56, 54);
    bytes.writeUInt16LE(types.length, 56);
    types.forEach((type, index) => bytes.writeUInt32LE(type, 64 + 56 * index));
    return bytes;
  }
});

describe('places in a container', () => {
  test.each([
    '/',
    '/proc',
    '/proc/x',
    '/dev/shm',
    '/sys',
    '/etc',
    '/etc/hosts',
    '/run',
    '/run/secrets/a',
    '/run/proofgate',
    '/x/../run/',
  ])('that are reserved: %s', (target) => {
    expect(reservedTarget(target)).toBeDefined();
  });

  test.each(['/data', '/etc/app', '/run/app', '/devices', '/process', '/tmp'])(
    'that are free: %s',
    (target) => {
      expect(reservedTarget(target)).toBeUndefined();
    },
  );

  test('that are inside of each other', () => {
    expect(overlap('/data', '/data/')).toBe(true);
    expect(overlap('/data', '/data/x')).toBe(true);
    expect(overlap('/data/x', '/data')).toBe(true);
    expect(overlap('/data', '/database')).toBe(false);
    expect(cleanTarget('//a/./b/../c//')).toBe('/a/c');
    expect(cleanTarget('/')).toBe('/');
  });
});

describe('numbers', () => {
  test('of capabilities', () => {
    expect(capabilityMask([])).toBe(0n);
    expect(capabilityMask(['CAP_CHOWN', 'CAP_NET_BIND_SERVICE', 'CAP_NONE'])).toBe(0x401n);
    // The last ones of linux/capability.h: 40 bits and one.
    expect(capabilityMask(['CAP_CHECKPOINT_RESTORE'])).toBe(1n << 40n);
    expect(capabilityMask(['CAP_SYS_RESOURCE', 'CAP_SETFCAP'])).toBe((1n << 24n) | (1n << 31n));
    expect(unknownCapability(['CAP_CHOWN', 'CAP_NONE'])).toBe('CAP_NONE');
    expect(unknownCapability(['CAP_CHOWN'])).toBeUndefined();
  });

  test('of open files', async () => {
    expect(openFilesLimit(await readFile('/proc/self/limits', 'utf8'))).toBe(
      await readOpenFilesLimit(),
    );
    expect(
      openFilesLimit('Max open files            1024                 4096                 files\n'),
    ).toBe(4_096);
    expect(
      openFilesLimit('Max open files            1024                 unlimited            files\n'),
    ).toBe(Number.POSITIVE_INFINITY);
  });

  test('of user namespaces, which are nobody else’s', () => {
    const bases = Array.from({ length: 50 }, (_, index) =>
      userNamespaceBase('c0ffee01', `app${String(index)}`),
    );
    expect(new Set(bases).size).toBeGreaterThan(48);
    for (const base of bases) {
      expect(base % 65_536).toBe(0);
      // Above what systemd gives to its own containers' users, below the ids of process workloads.
      expect(base).toBeGreaterThanOrEqual(524_288);
      expect(base + 65_536).toBeLessThanOrEqual(0x4000_0000);
    }
    expect(userNamespaceBase('c0ffee01', 'app0')).toBe(bases[0]);
    expect(userNamespaceBase('c0ffee02', 'app0')).not.toBe(bases[0]);
  });
});
