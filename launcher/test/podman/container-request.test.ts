// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { ContainerSpec } from '../../src/container/container-spec.ts';
import { MASKED_PATHS } from '../../src/container/kernel-paths.ts';
import { containerRequest, LOG_BUFFER_BYTES } from '../../src/podman/container-request.ts';

const STRICT: ContainerSpec = {
  id: 'app-0123abcd',
  workload: 'app',
  hostname: 'app',
  args: ['/.init', '--', '/bin/app', '--port=80'],
  env: ['PATH=/bin', 'QUERY=a=b', 'EMPTY='],
  cwd: '/srv',
  uid: 10_001,
  gid: 10_002,
  additionalGids: [10_003],
  mounts: [
    { kind: 'tmpfs', target: '/tmp', sizeBytes: 4_096, mode: 0o1777 },
    { kind: 'bind', source: '/data/v', target: '/data', readOnly: false, exec: false },
  ],
  devices: [],
  limits: { memoryBytes: 1_000_000, vcpus: 0.5, pids: 64, nofile: 1_024 },
  readOnlyRoot: true,
  noNewPrivileges: true,
  seccomp: 'default',
  capabilities: [],
  maskedPaths: true,
  userNamespaceBase: undefined,
  stopSignal: 10,
  labels: { 'proofgate.workload': 'app' },
};

const PLACEMENT = {
  owner: '0a1b2c3d',
  imageId: 'e'.repeat(64),
  cgroupParent: '/proofgate-0a1b2c3d/app-0123abcd',
  seccompFile: '/d/seccomp.json',
  logFile: '/d/output/app-0123abcd/log',
  maxUserProcesses: 9_999,
};

function request(fields: Partial<ContainerSpec> = {}): Readonly<Record<string, unknown>> {
  return containerRequest({ ...STRICT, ...fields }, PLACEMENT);
}

test('the program and what it gets are the specification alone', () => {
  expect(request()).toMatchObject({
    name: 'app-0123abcd',
    image: PLACEMENT.imageId,
    labels: { 'proofgate.workload': 'app', 'proofgate.owner': '0a1b2c3d' },
    entrypoint: ['/.init'],
    command: ['--', '/bin/app', '--port=80'],
    env: { PATH: '/bin', QUERY: 'a=b', EMPTY: '' },
    unsetenvall: true,
    work_dir: '/srv',
    user: '10001:10002',
    groups: ['10003'],
    stop_signal: 10,
    image_volume_mode: 'ignore',
    manage_password: false,
  });
});

test('everything that confines is said', () => {
  expect(request()).toMatchObject({
    netns: { nsmode: 'none' },
    pidns: { nsmode: 'private' },
    ipcns: { nsmode: 'private' },
    utsns: { nsmode: 'private' },
    cgroupns: { nsmode: 'private' },
    userns: { nsmode: 'host' },
    cap_drop: ['ALL'],
    cap_add: [],
    no_new_privileges: true,
    privileged: false,
    seccomp_profile_path: '/d/seccomp.json',
    read_only_filesystem: true,
    mask: MASKED_PATHS,
    cgroup_parent: '/proofgate-0a1b2c3d/app-0123abcd',
    r_limits: [
      { type: 'nofile', soft: 1_024, hard: 1_024 },
      { type: 'nproc', soft: 9_999, hard: 9_999 },
      { type: 'core', soft: 0, hard: 0 },
    ],
    resource_limits: {
      pids: { limit: 64 },
      memory: { limit: 1_000_000, swap: 1_000_000 },
      cpu: { quota: 50_000, period: 100_000 },
    },
    restart_policy: 'no',
    healthconfig: { Test: ['NONE'] },
    log_configuration: { driver: 'k8s-file', path: PLACEMENT.logFile, size: LOG_BUFFER_BYTES },
  });
});

test('what is opted out of is opted out of, and nothing else', () => {
  const open = request({
    readOnlyRoot: false,
    noNewPrivileges: false,
    seccomp: 'unconfined',
    maskedPaths: false,
    capabilities: ['CAP_CHOWN'],
    limits: { memoryBytes: undefined, vcpus: undefined, pids: 64, nofile: 16 },
  });
  expect(open).toMatchObject({
    read_only_filesystem: false,
    no_new_privileges: false,
    seccomp_profile_path: 'unconfined',
    cap_drop: ['ALL'],
    cap_add: ['CAP_CHOWN'],
    resource_limits: { pids: { limit: 64 } },
  });
  expect(open['resource_limits']).toEqual({ pids: { limit: 64 } });
  expect(open['mask']).toBeUndefined();
  expect(open['unmask']).toContain('/proc/kcore');
});

test('mounts are those of the other engine, in the words of podman', () => {
  const mounts = request()['mounts'] as { destination: string; options: string[] }[];
  const at = (path: string): readonly string[] =>
    mounts.filter(({ destination }) => destination === path).flatMap(({ options }) => options);
  expect(at('/tmp')).toEqual(
    expect.arrayContaining([
      'nosuid',
      'nodev',
      'noexec',
      'size=4096',
      'mode=1777',
      'notmpcopyup',
      'U',
    ]),
  );
  expect(at('/tmp').join()).not.toMatch(/[ug]id=/);
  expect(at('/data')).toEqual(['bind', 'rprivate', 'nosuid', 'nodev', 'rw', 'noexec']);
  expect(at('/dev')).not.toContain('notmpcopyup');
  expect(at('/dev/shm')).toContain('notmpcopyup');
  expect(at('/sys/fs/cgroup')).toContain('ro');
});

test('a user namespace is a mapping of its own', () => {
  const map = [{ container_id: 0, host_id: 200_000, size: 65_536 }];
  expect(request({ userNamespaceBase: 200_000 })).toMatchObject({
    userns: { nsmode: 'private' },
    idmappings: { HostUIDMapping: false, HostGIDMapping: false, UIDMap: map, GIDMap: map },
  });
  expect(request()['idmappings']).toBeUndefined();
});

test('an engine that places containers itself is not told where', () => {
  const placement = { ...PLACEMENT, cgroupParent: undefined };
  expect(containerRequest(STRICT, placement)).not.toHaveProperty('cgroup_parent');
});

test('devices are named by their path', () => {
  const devices = [{ path: '/dev/fuse', kind: 'c', major: 10, minor: 229 }] as const;
  expect(request({ devices })['devices']).toEqual([{ path: '/dev/fuse' }]);
});
