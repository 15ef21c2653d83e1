// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { recordedSpec } from './container-fixtures.ts';
import { MASKED_PATHS, READ_ONLY_PATHS } from '../../src/container/kernel-paths.ts';
import type { OciRuntimeSpec } from '../../src/container/oci-spec.ts';
import { cpuQuota, ociProcess, ociRuntimeSpec } from '../../src/container/oci-runtime-spec.ts';
import { SECCOMP_PROFILE } from '../../src/container/seccomp-profile.ts';
import { ALLOWED_SYSCALLS, REFUSED_SYSCALLS } from '../../src/container/seccomp-syscalls.ts';

const PLACE = { cgroupsPath: '/proofgate-c0ffee01/a-1' };

function oci(fields: Parameters<typeof recordedSpec>[0] = {}, place = PLACE): OciRuntimeSpec {
  return ociRuntimeSpec(recordedSpec(fields), place);
}

describe('what an OCI runtime is told', () => {
  test('of a strict container', () => {
    const { process, root, hostname, linux } = oci();
    expect({ root, hostname }).toEqual({ root: { path: 'rootfs', readonly: true }, hostname: 'a' });
    expect(process).toEqual({
      terminal: false,
      user: { uid: 10_001, gid: 10_001, umask: 0o022, additionalGids: [10_002] },
      args: ['/dev/init', '--', '/bin/sh'],
      env: ['PATH=/bin'],
      cwd: '/',
      capabilities: { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] },
      rlimits: [
        { type: 'RLIMIT_NOFILE', soft: 1_000, hard: 1_000 },
        { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
      ],
      noNewPrivileges: true,
      oomScoreAdj: 500,
    });
    expect(linux.namespaces.map(({ type }) => type).sort()).toEqual([
      'cgroup',
      'ipc',
      'mount',
      'network',
      'pid',
      'uts',
    ]);
    expect(linux).toMatchObject({
      cgroupsPath: '/proofgate-c0ffee01/a-1',
      devices: [],
      maskedPaths: MASKED_PATHS,
      readonlyPaths: READ_ONLY_PATHS,
      seccomp: SECCOMP_PROFILE,
    });
    expect(linux).not.toHaveProperty('uidMappings');
    expect(linux.resources).toMatchObject({
      pids: { limit: 32 },
      memory: { limit: 64 * 2 ** 20, swap: 64 * 2 ** 20 },
      cpu: { quota: 50_000, period: 100_000 },
    });
    expect(linux.resources.devices[0]).toEqual({ allow: false, access: 'rwm' });
    expect(
      linux.resources.devices
        .slice(1)
        .every(({ type, major }) => type === 'c' && [1, 5, 136].includes(major ?? 0)),
    ).toBe(true);
  });

  test('is plain JSON', () => {
    const spec = oci({ devices: [{ path: '/dev/fuse', kind: 'c', major: 10, minor: 229 }] });
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
  });

  test('of its mounts, each restricted, and a directory before what is in it', () => {
    const mounts = [
      { kind: 'bind', source: '/s', target: '/run/secrets', readOnly: true, exec: false },
      { kind: 'bind', source: '/v', target: '/v', readOnly: false, exec: true },
      { kind: 'tmpfs', target: '/run', sizeBytes: 4_096, mode: 0o755 },
    ] as const;
    const list = oci({ mounts }).mounts;
    expect(list.map(({ destination }) => destination)).toEqual([
      ...['/proc', '/dev', '/dev/pts', '/dev/shm', '/dev/mqueue', '/sys'],
      ...['/v', '/run', '/run/secrets'],
    ]);
    expect(list.slice(-3).map(({ options }) => options)).toEqual([
      ['bind', 'rprivate', 'nosuid', 'nodev', 'rw'],
      ['nosuid', 'nodev', 'noexec', 'mode=755', 'size=4096', 'uid=10001', 'gid=10001'],
      ['bind', 'rprivate', 'nosuid', 'nodev', 'ro', 'noexec'],
    ]);
    expect(list.some(({ type }) => type.startsWith('cgroup'))).toBe(false);
    for (const { destination, options } of list) {
      expect([destination, options]).toEqual([destination, expect.arrayContaining(['nosuid'])]);
    }
  });

  test('of what has been opted out of', () => {
    const spec = oci({
      readOnlyRoot: false,
      noNewPrivileges: false,
      seccomp: 'unconfined',
      maskedPaths: false,
      capabilities: ['CAP_NET_RAW'],
      limits: { memoryBytes: undefined, vcpus: undefined, pids: 5, nofile: 6 },
    });
    expect(spec.root.readonly).toBe(false);
    expect(spec.process.noNewPrivileges).toBe(false);
    expect(spec.linux).not.toHaveProperty('seccomp');
    // What could change the machine stays read-only.
    expect(spec.linux).toMatchObject({ maskedPaths: [], readonlyPaths: READ_ONLY_PATHS });
    expect(new Set(Object.values(spec.process.capabilities).flat())).toEqual(
      new Set(['CAP_NET_RAW']),
    );
    expect(spec.linux.resources).not.toHaveProperty('memory');
    expect(spec.linux.resources).not.toHaveProperty('cpu');
  });

  test('of a user namespace and of a network that exists', () => {
    const spec = oci({ userNamespaceBase: 200_000 }, {
      ...PLACE,
      networkNamespace: '/proc/7/ns/net',
    } as typeof PLACE);
    expect(spec.linux.namespaces).toContainEqual({ type: 'user' });
    expect(spec.linux.namespaces).toContainEqual({ type: 'network', path: '/proc/7/ns/net' });
    const mapping = [{ containerID: 0, hostID: 200_000, size: 65_536 }];
    expect(spec.linux).toMatchObject({ uidMappings: mapping, gidMappings: mapping });
  });

  test('of a device', () => {
    const { linux } = oci({ devices: [{ path: '/dev/fuse', kind: 'c', major: 10, minor: 229 }] });
    expect(linux.devices).toEqual([
      {
        path: '/dev/fuse',
        type: 'c',
        major: 10,
        minor: 229,
        fileMode: 0o600,
        uid: 10_001,
        gid: 10_001,
      },
    ]);
    expect(linux.resources.devices.at(-1)).toEqual({
      allow: true,
      type: 'c',
      major: 10,
      minor: 229,
      access: 'rw',
    });
  });

  test('of a further program is what the first one was told', () => {
    const spec = recordedSpec();
    expect(ociProcess(spec, ['/bin/check'])).toEqual({
      ...ociRuntimeSpec(spec, PLACE).process,
      args: ['/bin/check'],
    });
  });

  test.each([
    [0.0001, 1_000],
    [0.5, 50_000],
    [3, 300_000],
  ])('of CPU time: %d cores', (vcpus, quota) => {
    expect(cpuQuota(vcpus)).toBe(quota);
  });
});

describe('the filter of system calls', () => {
  const allowed = Object.values(ALLOWED_SYSCALLS).flat();
  const refused = Object.values(REFUSED_SYSCALLS).flat();

  test('names every call once', () => {
    const conditional = ['clone', 'personality', 'socket', 'socketpair'];
    const names = [...allowed, ...refused, ...conditional];
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(names.filter((name) => !/^[a-z][a-z0-9_]*$/.test(name))).toEqual([]);
    const inProfile = SECCOMP_PROFILE.syscalls.flatMap((rule) => rule.names);
    expect(new Set(inProfile)).toEqual(new Set(names));
  });

  test('refuses by default, and what is known to be asked for without permission', () => {
    expect(SECCOMP_PROFILE).toMatchObject({ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 38 });
    const denied = SECCOMP_PROFILE.syscalls.filter(({ action }) => action === 'SCMP_ACT_ERRNO');
    expect(denied).toEqual([{ names: refused, action: 'SCMP_ACT_ERRNO', errnoRet: 1 }]);
    expect(allowed).not.toContain('clone3');
  });

  test('lets processes be made, but no namespaces', () => {
    const clone = SECCOMP_PROFILE.syscalls.find(({ names }) => names.includes('clone'));
    // CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET (linux/sched.h).
    const flags = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000];
    expect(clone?.args).toEqual([
      { index: 0, value: flags.reduce((a, b) => a + b), valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' },
    ]);
  });

  test('lets sockets of ordinary families be made', () => {
    const sockets = SECCOMP_PROFILE.syscalls.filter(({ names }) => names.includes('socket'));
    expect(sockets.flatMap(({ args }) => args?.map(({ value }) => value))).toEqual([1, 2, 10, 16]);
  });
});
