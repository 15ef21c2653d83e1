// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../fixtures.ts';
import { recordedSpec } from '../container-fixtures.ts';
import { verifyConfinement } from '../../../src/container/confinement/verify-confinement.ts';
import type { ContainerSpec } from '../../../src/container/container-spec.ts';
import {
  RECORDED_PID,
  VERSION_1,
  VERSION_2,
  writeKernelFiles,
  type KernelFiles,
} from './recorded-kernel.ts';

async function verify(
  files: KernelFiles,
  fields: Partial<ContainerSpec> = {},
): Promise<readonly string[]> {
  const root = await temporaryDirectory();
  await writeKernelFiles(root, files);
  return verifyConfinement(RECORDED_PID, recordedSpec(fields), { root });
}

/** The recorded files with one text in one of them replaced; without it the file is left out. */
function changed(files: KernelFiles, name: string, from?: string, to = ''): KernelFiles {
  const path = Object.keys(files).find((key) => key.endsWith(name)) ?? '';
  const { [path]: content = '', ...rest } = files;
  if (from === undefined) return rest;
  expect(content).toContain(from);
  return { ...rest, [path]: content.replace(from, to) };
}

describe('a confined container', () => {
  test('is accepted on control groups of version 1, all of it seen', async () => {
    expect(await verify(VERSION_1)).toEqual([]);
  });

  test('is accepted on version 2, which does not show its devices', async () => {
    expect(await verify(VERSION_2)).toEqual(['devices']);
  });

  test('may be more confined than it has to be', async () => {
    const limits = { memoryBytes: 2 ** 30, vcpus: 2, pids: 99, nofile: 9_999 };
    const looser = { limits, capabilities: ['CAP_CHOWN'], additionalGids: [10_002, 7] };
    expect(await verify(VERSION_1, looser)).toEqual([]);
    expect(await verify(VERSION_2, looser)).toEqual(['devices']);
  });

  test('may be on a kernel that does not count swap', async () => {
    expect(await verify(changed(VERSION_1, 'memory.memsw.limit_in_bytes'))).toEqual([]);
    expect(await verify(changed(VERSION_2, 'memory.swap.max'))).toEqual(['devices']);
  });

  test('may have the two files that podman adds, as long as it can only read them', async () => {
    const options = 'ro,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw';
    const added = ['/etc/hostname', '/run/.containerenv'].map(
      (path) => `3 119 0:9 /x/userdata/${path.split('/').at(-1) ?? ''} ${path} ${options}\n`,
    );
    const podman = changed(VERSION_1, '29/mountinfo', '102 125', `${added.join('')}102 125`);
    expect(await verify(podman)).toEqual([]);
    for (const [from, to] of [
      ['/etc/hostname ro', '/etc/hostname rw'],
      ['/x/userdata/hostname', '/etc/shadow'],
    ] as const) {
      await expect(verify(changed(podman, '29/mountinfo', from, to))).rejects.toMatchObject({
        code: 'ERR_LAUNCHER_HARDENING_MISSING',
      });
    }
  });

  test('may have been opted out of its limits', async () => {
    const limits = { memoryBytes: undefined, vcpus: undefined, pids: 32, nofile: 1_000 };
    const unlimited = changed(
      changed(VERSION_2, 'memory.max', '67108864', 'max'),
      'cpu.max',
      '50000',
      'max',
    );
    expect(await verify(unlimited, { limits })).toEqual(['devices']);
  });

  test('may be in a part of the control groups that alone is mounted here', async () => {
    const nested = changed(
      changed(VERSION_2, 'self/mountinfo', '0:26 / /sys', '0:26 /proofgate-c0ffee01 /sys'),
      '29/cgroup',
    );
    const moved = Object.fromEntries(
      Object.entries(nested).map(([path, text]) => [path.replace('proofgate-c0ffee01/', ''), text]),
    );
    const place = { [`proc/${String(RECORDED_PID)}/cgroup`]: '0::/proofgate-c0ffee01/a-1\n' };
    expect(await verify({ ...moved, ...place })).toEqual(['devices']);
  });
});

describe('a container that runs already', () => {
  const again = async (files: KernelFiles, fields: Partial<ContainerSpec>): Promise<unknown> => {
    const root = await temporaryDirectory();
    await writeKernelFiles(root, files);
    return verifyConfinement(RECORDED_PID, recordedSpec(fields), { root, started: true });
  };
  const other = changed(VERSION_1, 'status', 'Uid:\t10001\t10001', 'Uid:\t33\t33');
  const limits = changed(
    VERSION_1,
    'limits',
    '1000                 1000',
    '9                 1001',
  );
  const mounted = changed(
    VERSION_1,
    '29/mountinfo',
    '102 125',
    '3 1 0:1 / /x rw - ext4 x rw\n102 125',
  );

  test.each([
    [other, 'CAP_SETUID'],
    [limits, 'CAP_SYS_RESOURCE'],
    [mounted, 'CAP_SYS_ADMIN'],
  ])(
    'may have changed what its capabilities let it change, and nothing else',
    async (files, can) => {
      expect(await again(files, { capabilities: [can] })).toEqual([]);
      await expect(again(files, { capabilities: ['CAP_CHOWN'] })).rejects.toMatchObject({
        code: 'ERR_LAUNCHER_HARDENING_MISSING',
      });
      await expect(verify(files, { capabilities: [can] })).rejects.toMatchObject({
        code: 'ERR_LAUNCHER_HARDENING_MISSING',
      });
    },
  );
});

describe('a container is refused', () => {
  test.each<[string, KernelFiles, string]>([
    ['another user', changed(VERSION_1, 'status', 'Uid:\t10001\t10001', 'Uid:\t10001\t0'), 'Uid'],
    ['another group', changed(VERSION_1, 'status', 'Gid:\t10001', 'Gid:\t0'), 'Gid'],
    ['a further group', changed(VERSION_1, 'status', 'Groups:\t', 'Groups:\t0 '), 'Groups'],
    ['a capability', changed(VERSION_1, 'status', 'CapEff:\t0', 'CapEff:\t8'), 'CapEff'],
    ['a capability to regain', changed(VERSION_1, 'status', 'CapBnd:\t0', 'CapBnd:\t1'), 'CapBnd'],
    [
      'a set that cannot be read',
      changed(VERSION_1, 'status', 'CapPrm:\t0', 'CapPrm:\tx'),
      'CapPrm',
    ],
    ['a set that is absent', changed(VERSION_1, 'status', 'CapAmb', 'Cap'), 'CapAmb'],
    [
      'new privileges',
      changed(VERSION_1, 'status', 'NoNewPrivs:\t1', 'NoNewPrivs:\t0'),
      'NoNewPrivs',
    ],
    ['no filter', changed(VERSION_1, 'status', 'Seccomp:\t2', 'Seccomp:\t0'), 'Seccomp'],
    [
      'strict mode instead of a filter',
      changed(VERSION_1, 'status', 'Seccomp:\t2', 'Seccomp:\t1'),
      'Seccomp',
    ],
    [
      'more open files',
      changed(VERSION_1, 'limits', '1000                 1000', '1000                 1001'),
      'Max open files',
    ],
    [
      'endless open files',
      changed(VERSION_1, 'limits', '1000                 1000', '1000                 unlimited'),
      'Max open files',
    ],
    [
      'core dumps',
      changed(VERSION_1, 'limits', '0                    0 ', '0                    unlimited '),
      'Max core file size',
    ],
    ['our network', changed(VERSION_1, '29/ns/net', '4026532314', '4026531834'), 'net namespace'],
    ['our processes', changed(VERSION_1, '29/ns/pid', '4026532310', '4026531830'), 'pid namespace'],
    ['a writable root', changed(VERSION_1, '29/mountinfo', '/ ro,', '/ rw,'), 'mount /'],
    [
      'a root below another mount',
      changed(VERSION_1, '29/mountinfo', '102 125', '3 1 0:1 / / rw - ext4 x rw\n102 125'),
      'mount /',
    ],
    [
      'setuid programs in /tmp',
      changed(VERSION_1, '29/mountinfo', '/tmp rw,nosuid', '/tmp rw'),
      'mount /tmp',
    ],
    [
      'a file that it can write',
      changed(VERSION_1, '29/mountinfo', '/etc/hosts ro', '/etc/hosts rw'),
      'mount /etc/hosts',
    ],
    ['no init', changed(VERSION_1, '29/mountinfo', '/dev/init ', '/dev/other '), 'mount /dev/init'],
    [
      'settings of the kernel',
      changed(VERSION_1, '29/mountinfo', '/proc/sys ro', '/proc/sys rw'),
      'mount /proc/sys',
    ],
    [
      'keys of the kernel',
      changed(VERSION_1, '29/mountinfo', '/null /proc/keys', '/null /x'),
      'mount /proc/keys',
    ],
    [
      'a writable /sys',
      changed(VERSION_1, '29/mountinfo', '/sys ro,nosuid', '/sys rw,nosuid'),
      'mount /sys',
    ],
    [
      'control groups',
      changed(VERSION_1, '29/mountinfo', '- mqueue mqueue', '- cgroup2 cgroup2'),
      'mounts',
    ],
    [
      'a directory of the VM that nobody asked for',
      changed(
        VERSION_1,
        '29/mountinfo',
        '102 125',
        '3 119 254:0 /root /mnt rw - ext4 x rw\n102 125',
      ),
      'mounts',
    ],
    [
      'something that can be written among the files of the kernel',
      changed(VERSION_1, '29/mountinfo', '102 125', '3 120 0:9 / /proc/x rw - tmpfs x rw\n102 125'),
      'mounts',
    ],
    ['a larger /tmp', changed(VERSION_1, '29/mountinfo', '=1024k', '=1028k'), 'mount /tmp'],
    ['a /tmp without end', changed(VERSION_1, '29/mountinfo', 'size=1024k,', ''), 'mount /tmp'],
    ['more processes', changed(VERSION_1, 'pids.max', '32', '33'), 'pids.max'],
    ['endless processes', changed(VERSION_2, 'pids.max', '32', 'max'), 'pids.max'],
    ['no limit of processes', changed(VERSION_2, 'pids.max'), 'pids.max'],
    [
      'more memory',
      changed(VERSION_1, 'memory.limit_in_bytes', '67108864', '9223372036854771712'),
      'memory.limit_in_bytes',
    ],
    [
      'swap',
      changed(VERSION_1, 'memsw.limit_in_bytes', '67108864', '67108865'),
      'memory.memsw.limit_in_bytes',
    ],
    ['more memory, version 2', changed(VERSION_2, 'memory.max', '67108864', 'max'), 'memory.max'],
    ['swap, version 2', changed(VERSION_2, 'memory.swap.max', '0', 'max'), 'memory.swap.max'],
    [
      'more CPU time',
      changed(VERSION_1, 'cpu.cfs_quota_us', '50000', '50001'),
      'cpu.cfs_quota_us and cpu.cfs_period_us',
    ],
    [
      'all CPU time',
      changed(VERSION_1, 'cpu.cfs_quota_us', '50000', '-1'),
      'cpu.cfs_quota_us and cpu.cfs_period_us',
    ],
    ['a shorter period', changed(VERSION_2, 'cpu.max', '100000', '99999'), 'cpu.max'],
    ['no quota', changed(VERSION_2, 'cpu.max', '50000', 'max'), 'cpu.max'],
    ['a disk', changed(VERSION_1, 'devices.list', 'c 136', 'b 254:0 r\nc 136'), 'devices.list'],
    ['all devices', changed(VERSION_1, 'devices.list', 'b *:* m', 'a *:* rwm'), 'devices.list'],
    ['no list of devices', changed(VERSION_1, 'devices.list'), 'devices.list'],
    [
      'no control group',
      changed(VERSION_2, '29/cgroup', '0::', '1:name=systemd:'),
      'pids controller',
    ],
    [
      'a control group outside of what is mounted',
      changed(VERSION_2, 'self/mountinfo', '0:26 / /sys', '0:26 /other /sys'),
      'pids controller',
    ],
    [
      'a control group above ours',
      changed(VERSION_2, '29/cgroup', '0::/', '0::/../'),
      'pids controller',
    ],
  ])('with %s', async (_name, files, field) => {
    await expect(verify(files)).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_HARDENING_MISSING',
      family: 'rejected',
      message: expect.stringContaining(`container a-1 is not confined: ${field} is `) as string,
      expected: expect.any(String) as string,
      seen: expect.any(String) as string,
    });
  });

  test('with the user namespace of the VM, or with other ids', async () => {
    const mapped = changed(
      changed(
        VERSION_1,
        'status',
        'Uid:\t10001\t10001\t10001\t10001',
        'Uid:\t110001\t110001\t110001\t110001',
      ),
      'status',
      'Gid:\t10001\t10001\t10001\t10001\nFDSize:\t64\nGroups:\t10002',
      'Gid:\t110001\t110001\t110001\t110001\nGroups:\t110002',
    );
    const spec = { userNamespaceBase: 100_000 };
    const map = (text: string): KernelFiles => ({
      ...changed(mapped, '29/ns/user', '4026531837', '4026532999'),
      [`proc/${String(RECORDED_PID)}/uid_map`]: text,
      [`proc/${String(RECORDED_PID)}/gid_map`]: '         0     100000      65536\n',
    });
    await expect(verify(mapped, spec)).rejects.toThrow('user namespace');
    await expect(verify(map('0 0 4294967295\n'), spec)).rejects.toThrow('uid_map');
    await expect(verify(map('0 100000 65536\n65536 0 1\n'), spec)).rejects.toThrow('uid_map');
    expect(await verify(map('         0     100000      65536\n'), spec)).toEqual([]);
  });

  test('when its process has ended, as something to be tried again', async () => {
    await expect(verify(changed(VERSION_1, 'limits'))).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_START_FAILED',
      family: 'unavailable',
    });
  });
});
