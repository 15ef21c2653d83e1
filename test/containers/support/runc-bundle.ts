// SPDX-License-Identifier: Apache-2.0
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { chmodSync, closeSync, openSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type {
  ContainerMount,
  ContainerSpec,
} from '../../../launcher/src/container/container-spec.ts';
import type { OciRuntimeSpec } from '../../../launcher/src/container/oci-spec.ts';
import { ociRuntimeSpec } from '../../../launcher/src/container/oci-runtime-spec.ts';

/** What a program in a container did. */
export interface RuncResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Containers made by runc itself, without an engine, from one root directory. */
export interface RuncBundle {
  /** Creates a container, which then waits to be started; returns its first process. */
  create(spec: ContainerSpec, change?: (oci: OciRuntimeSpec) => OciRuntimeSpec): Promise<number>;
  /** Runs a container until it ends. */
  run(spec: ContainerSpec): Promise<RuncResult>;
  /** Ends and removes what was created. */
  clear(): void;
  close(): void;
}

/** Programs of this machine, as a container sees them. */
export const MACHINE_PROGRAMS: readonly ContainerMount[] = [
  { kind: 'bind', source: '/usr', target: '/usr', readOnly: true, exec: true },
  { kind: 'bind', source: process.execPath, target: '/node', readOnly: true, exec: true },
];

/** The strictest container there is, with a shell. */
export function strictSpec(fields: Partial<ContainerSpec> = {}): ContainerSpec {
  return {
    id: 'c1',
    workload: 'c1',
    hostname: 'c1',
    args: ['/bin/sh', '-c', 'exit 0'],
    env: ['PATH=/usr/bin:/bin'],
    cwd: '/',
    uid: 10_001,
    gid: 10_001,
    additionalGids: [],
    mounts: [{ kind: 'tmpfs', target: '/tmp', sizeBytes: 2 ** 20, mode: 0o1777 }],
    devices: [],
    limits: { memoryBytes: 256 * 2 ** 20, vcpus: 1, pids: 64, nofile: 1_024 },
    readOnlyRoot: true,
    noNewPrivileges: true,
    seccomp: 'default',
    capabilities: [],
    maskedPaths: true,
    userNamespaceBase: undefined,
    stopSignal: 15,
    labels: {},
    ...fields,
  };
}

const DIRECTORIES = [
  ...['', 'bin', 'data', 'dev', 'etc', 'proc', 'run', 'srv', 'sys', 'tmp', 'usr', 'var'],
];

/** Makes the directories; to be closed. */
export function runcBundle(): RuncBundle {
  const directory = mkdtempSync(join(tmpdir(), 'runc-'));
  // A container with a user namespace enters it as somebody else.
  chmodSync(directory, 0o711);
  const rootfs = join(directory, 'rootfs');
  for (const name of DIRECTORIES) mkdirSync(join(rootfs, name));
  for (const name of ['lib', 'lib64']) symlinkSync(`usr/${name}`, join(rootfs, name));
  symlinkSync('/run', join(rootfs, 'var/run'));
  copyFileSync('/bin/busybox', join(rootfs, 'bin/busybox'));
  symlinkSync('busybox', join(rootfs, 'bin/sh'));
  // With a user namespace no mount point can be made that is not there.
  for (const name of ['node', 'etc/hosts', 'etc/resolv.conf'])
    writeFileSync(join(rootfs, name), '');
  const runc = ['--root', join(directory, 'state')];
  const cgroup = process.env['PROOFGATE_TEST_CGROUP'] ?? 'proofgate-test';
  const created: string[] = [];
  const describe = (spec: ContainerSpec, change: (oci: OciRuntimeSpec) => OciRuntimeSpec): void => {
    const oci = change(ociRuntimeSpec(spec, { cgroupsPath: `/${cgroup}/${spec.id}` }));
    writeFileSync(join(directory, 'config.json'), JSON.stringify(oci));
  };
  const clear = (): void => {
    while (created.length > 0) execFileSync('runc', [...runc, 'delete', '--force', created.pop()!]);
  };
  return {
    create: async (spec, change = (oci) => oci) => {
      describe(spec, change);
      const pidFile = join(directory, 'pid');
      const output = openSync(join(directory, 'output'), 'w');
      // The container keeps what runc has open: a pipe of ours would never end.
      const arguments_ = ['create', '--bundle', directory, '--pid-file', pidFile, spec.id];
      const child = spawn('runc', [...runc, ...arguments_], { stdio: ['ignore', output, output] });
      const [code] = (await once(child, 'exit')) as [number | null];
      closeSync(output);
      if (code !== 0) throw new Error(readFileSync(join(directory, 'output'), 'utf8'));
      created.push(spec.id);
      return Number(readFileSync(pidFile, 'utf8'));
    },
    run: async (spec) => {
      describe(spec, (oci) => oci);
      const call = promisify(execFile)('runc', [...runc, 'run', '--bundle', directory, spec.id]);
      call.child.stdin?.end();
      return call.then(
        ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
        // What execFile rejects with (node:child_process).
        (error: unknown) => error as RuncResult,
      );
    },
    clear,
    close: () => {
      clear();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
