// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { verifyConfinement } from '../../launcher/src/container/confinement/verify-confinement.ts';
import type { ContainerSpec } from '../../launcher/src/container/container-spec.ts';
import type { OciRuntimeSpec } from '../../launcher/src/container/oci-spec.ts';
import {
  MACHINE_PROGRAMS,
  runcBundle,
  strictSpec,
  type RuncBundle,
  type RuncResult,
} from './support/runc-bundle.ts';

let bundle: RuncBundle;

beforeAll(() => {
  bundle = runcBundle();
});

afterEach(() => {
  bundle.clear();
});

afterAll(() => {
  bundle.close();
});

const DIRECTORY = mkdtempSync(join(tmpdir(), 'volume-'));
chmodSync(DIRECTORY, 0o755);
afterAll(() => {
  rmSync(DIRECTORY, { recursive: true });
});

describe('what the kernel says about a container between create and start', () => {
  test.each<[string, Partial<ContainerSpec>]>([
    ['the strictest', {}],
    ['a user namespace', { userNamespaceBase: 200_000 }],
    ['groups and a capability', { additionalGids: [7, 8], capabilities: ['CAP_NET_BIND_SERVICE'] }],
    ['no limits', { limits: { memoryBytes: undefined, vcpus: undefined, pids: 9, nofile: 99 } }],
    ['a fraction of a core', { limits: { ...strictSpec().limits, vcpus: 0.001 } }],
    [
      'everything opted out',
      {
        readOnlyRoot: false,
        noNewPrivileges: false,
        seccomp: 'unconfined',
        maskedPaths: false,
        uid: 0,
        gid: 0,
      },
    ],
    ['a device', { devices: [{ path: '/dev/fuse', kind: 'c', major: 10, minor: 229 }] }],
    [
      'a volume behind a link of the image',
      {
        mounts: [
          ...strictSpec().mounts,
          { kind: 'bind', source: DIRECTORY, target: '/var/run/data', readOnly: true, exec: false },
          { kind: 'bind', source: DIRECTORY, target: '/data dir', readOnly: false, exec: true },
        ],
      },
    ],
  ])('is what the launcher asked for: %s', async (_name, fields) => {
    const spec = strictSpec(fields);
    const pid = await bundle.create(spec);
    expect(await verifyConfinement(pid, spec)).toEqual([]);
  });

  type Linux = OciRuntimeSpec['linux'];
  const linux =
    (change: (linux: Linux) => Partial<Linux>) =>
    (oci: OciRuntimeSpec): OciRuntimeSpec => ({
      ...oci,
      linux: { ...oci.linux, ...change(oci.linux) },
    });
  const resources = (
    fields: Partial<Linux['resources']>,
  ): ((oci: OciRuntimeSpec) => OciRuntimeSpec) =>
    linux(({ resources: all }) => ({ resources: { ...all, ...fields } }));
  const withProcess =
    (fields: Partial<OciRuntimeSpec['process']>) =>
    (oci: OciRuntimeSpec): OciRuntimeSpec => ({ ...oci, process: { ...oci.process, ...fields } });
  const without = (type: string): ((oci: OciRuntimeSpec) => OciRuntimeSpec) =>
    linux(({ namespaces }) => ({
      namespaces: namespaces.filter((namespace) => namespace.type !== type),
      sysctl: {},
    }));
  const capabilities =
    (set: string): ((oci: OciRuntimeSpec) => OciRuntimeSpec) =>
    (oci) =>
      withProcess({
        capabilities: { ...oci.process.capabilities, [set]: ['CAP_CHOWN'] },
      })(oci);

  test.each<[string, (oci: OciRuntimeSpec) => OciRuntimeSpec]>([
    ['Uid', (oci) => withProcess({ user: { ...oci.process.user, uid: 10_002 } })(oci)],
    ['Gid', (oci) => withProcess({ user: { ...oci.process.user, gid: 0 } })(oci)],
    ['Groups', (oci) => withProcess({ user: { ...oci.process.user, additionalGids: [5] } })(oci)],
    ['NoNewPrivs', withProcess({ noNewPrivileges: false })],
    ['CapBnd', capabilities('bounding')],
    [
      'Max open files',
      withProcess({ rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1_024, hard: 4_096 }] }),
    ],
    ['Max core file size', (oci) => withProcess({ rlimits: oci.process.rlimits.slice(0, 1) })(oci)],
    ['Seccomp', ({ linux: { seccomp: _, ...rest }, ...oci }) => ({ ...oci, linux: rest })],
    ['ipc namespace', without('ipc')],
    ['uts namespace', (oci) => ({ ...without('uts')(oci), hostname: '' })],
    ['net namespace', without('network')],
    ['pid namespace', without('pid')],
    ['cgroup namespace', without('cgroup')],
    ['mount /', (oci) => ({ ...oci, root: { ...oci.root, readonly: false } })],
    [
      'mount /tmp',
      (oci) => ({ ...oci, mounts: oci.mounts.filter((mount) => mount.destination !== '/tmp') }),
    ],
    [
      'mount /proc/keys',
      linux(() => ({
        maskedPaths: ['/proc/interrupts', '/proc/acpi', '/sys/firmware', '/proc/timer_list'],
      })),
    ],
    [
      'mount /proc/sys',
      linux(({ readonlyPaths }) => ({
        readonlyPaths: readonlyPaths.filter((path) => path !== '/proc/sys'),
      })),
    ],
    [
      'mounts',
      (oci) => ({
        ...oci,
        mounts: [
          ...oci.mounts,
          { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro'] },
        ],
      }),
    ],
    ['pids.max', resources({ pids: { limit: 65 } })],
    ['memory.limit_in_bytes', resources({ memory: { limit: 2 ** 29, swap: 2 ** 29 } })],
    ['memory.memsw.limit_in_bytes', resources({ memory: { limit: 2 ** 28, swap: 2 ** 29 } })],
    ['cpu.cfs_quota_us', resources({ cpu: { quota: 200_000, period: 100_000 } })],
    [
      'devices.list',
      linux(({ resources: all }) => ({
        resources: {
          ...all,
          devices: [...all.devices, { allow: true, type: 'b', major: 254, minor: 0, access: 'r' }],
        },
      })),
    ],
    ['devices.list', resources({ devices: [{ allow: true, access: 'rwm' }] })],
  ])('is refused when less: %s', async (field, change) => {
    const spec = strictSpec();
    const pid = await bundle.create(spec, change);
    await expect(verifyConfinement(pid, spec)).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_HARDENING_MISSING',
      message: expect.stringContaining(`not confined: ${field} `) as string,
    });
  });

  test('is refused when a user namespace is missing, or maps other ids', async () => {
    const spec = strictSpec({ userNamespaceBase: 200_000 });
    const pid = await bundle.create(strictSpec());
    await expect(verifyConfinement(pid, spec)).rejects.toThrow('Uid is 10001');
    bundle.clear();

    const wider = [{ containerID: 0, hostID: 200_000, size: 100_000 }];
    const other = await bundle.create(
      spec,
      linux(() => ({ uidMappings: wider, gidMappings: wider })),
    );
    await expect(verifyConfinement(other, spec)).rejects.toThrow('uid_map is 0 200000 100000');
  });

  test('cannot be told of a process that has ended', async () => {
    await expect(verifyConfinement(2 ** 22 + 1, strictSpec())).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_START_FAILED',
    });
  });
});

describe('the filter of system calls', () => {
  const run = (args: readonly string[], fields: Partial<ContainerSpec> = {}): Promise<RuncResult> =>
    bundle.run(
      strictSpec({ ...fields, args, mounts: [...strictSpec().mounts, ...MACHINE_PROGRAMS] }),
    );

  test('lets Node do what servers do', async () => {
    const source = `
      const { createServer } = require('node:http');
      const { execFileSync } = require('node:child_process');
      const { Worker } = require('node:worker_threads');
      const fs = require('node:fs');
      const worker = new Worker('require("node:worker_threads").parentPort.postMessage(42)', { eval: true });
      worker.once('message', (number) => {
        fs.writeFileSync('/tmp/file', execFileSync('/bin/busybox', ['echo', '-n', 'child']));
        fs.watch('/tmp').close();
        const server = createServer((request, response) => response.end(fs.readFileSync('/tmp/file')));
        server.listen(80, '127.0.0.1', async () => {
          const answer = await fetch('http://127.0.0.1:80/');
          console.log(number, await answer.text(), process.getuid());
          server.close();
        });
      });`;
    // Nothing brings loopback up but the network of the launcher; here runc does.
    const result = await run(['/node', '-e', source]);
    expect(result).toMatchObject({ code: 0, stdout: '42 child 10001\n' });
  });

  // Numbers of x86-64; those from 424 are the same everywhere.
  const X64: Readonly<Record<string, readonly [string, string]>> = {
    'unshare user namespace': ['272, 0x10000000', 'EPERM'],
    'clone user namespace': ['56, 0x10000011, 0, 0, 0, 0', 'ENOSYS'],
    clone3: ['435, 0, 0', 'ENOSYS'],
    mount: ['165, 0, 0, 0, 0, 0', 'EPERM'],
    fsopen: ['430, 0, 0', 'EPERM'],
    setns: ['308, 99, 0', 'EPERM'],
    ptrace: ['101, 0x4206, 99999, 0, 0', 'EPERM'],
    process_vm_readv: ['310, 99999, 0, 0, 0, 0, 0', 'EPERM'],
    pidfd_getfd: ['438, 99, 0, 0', 'EPERM'],
    keyctl: ['250, 0, 0xfffffffd, 0', 'EPERM'],
    add_key: ['248, 0, 0, 0, 0, 0', 'EPERM'],
    bpf: ['321, 99, 0, 0', 'EPERM'],
    perf_event_open: ['298, 0, 0, 0, 0, 0', 'EPERM'],
    userfaultfd: ['323, 1', 'EPERM'],
    io_uring_setup: ['425, 0, 0', 'EPERM'],
    'socket AF_VSOCK': ['41, 40, 1, 0', 'ENOSYS'],
    'socket AF_ALG': ['41, 38, 5, 0', 'ENOSYS'],
    'socket with a family in disguise': ['41, 0x100000028, 1, 0', 'ENOSYS'],
    'personality without randomisation': ['135, 0x40000', 'ENOSYS'],
    modify_ldt: ['154, 0, 0, 0', 'EPERM'],
    'a call that does not exist': ['9999', 'ENOSYS'],
  };

  test.runIf(arch() === 'x64')('refuses what leads out of a container', async () => {
    const calls = Object.values(X64).map(
      ([call]) =>
        `$! = 0; $r = syscall(${call}); exit 0 if $r == 0 && ${String(call.startsWith('56'))}; print $r < 0 ? (grep { $!{$_} } qw(EPERM ENOSYS EINVAL EFAULT ESRCH EBADF EAFNOSUPPORT EACCES EOPNOTSUPP))[0] : "allowed", "\\n";`,
    );
    const script = `use Errno; $| = 1; ${calls.join('\n')}`;
    const strict = await run(['/usr/bin/perl', '-e', script]);
    const names = Object.keys(X64);
    const outcome = ({ stdout, stderr }: RuncResult): Record<string, string> => {
      expect(stderr).toBe('');
      return Object.fromEntries(
        stdout
          .trim()
          .split('\n')
          .map((line, index) => [names[index]!, line]),
      );
    };
    const expected = Object.fromEntries(
      Object.entries(X64).map(([name, [, code]]) => [name, code]),
    );
    expect(outcome(strict)).toEqual(expected);

    // Without the filter the kernel itself answers otherwise, so it is the filter that was seen.
    const open = outcome(await run(['/usr/bin/perl', '-e', script], { seccomp: 'unconfined' }));
    for (const name of [
      'unshare user namespace',
      'clone user namespace',
      'ptrace',
      'keyctl',
      'io_uring_setup',
    ]) {
      expect([name, open[name]]).not.toEqual([name, expected[name]]);
    }
  });

  test.runIf(arch() === 'x64')('ends programs of another architecture', async ({ skip }) => {
    // exit(42) by the 32-bit interface: ELF header, program header, then mov eax, 1; mov ebx, 42; int 0x80.
    const elf = Buffer.concat([
      words(
        0x464c457f,
        0x00010101,
        0,
        0,
        0x0003_0002,
        1,
        0x0804_8054,
        0x34,
        0,
        0,
        0x0020_0034,
        1,
        0,
      ),
      words(1, 0, 0x0804_8000, 0x0804_8000, 0x60, 0x60, 5, 0x1000),
      Buffer.from('b801000000bb2a000000cd80', 'hex'),
    ]);
    const program = join(DIRECTORY, 'program');
    writeFileSync(program, elf, { mode: 0o755 });
    const mount = {
      kind: 'bind',
      source: DIRECTORY,
      target: '/mnt',
      readOnly: true,
      exec: true,
    } as const;
    const runIt = (fields: Partial<ContainerSpec>): Promise<RuncResult> =>
      bundle.run(strictSpec({ args: ['/mnt/program'], mounts: [mount], ...fields }));
    const { code } = await runIt({ seccomp: 'unconfined' });
    skip(code !== 42, 'this kernel runs no 32-bit programs at all');
    expect((await runIt({})).code).not.toBe(42);
  });
});

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32LE(value, 4 * index));
  return bytes;
}
