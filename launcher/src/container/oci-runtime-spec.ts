// SPDX-License-Identifier: Apache-2.0
import type { ContainerDevice, ContainerSpec } from './container-spec.ts';
import { MASKED_PATHS, READ_ONLY_PATHS } from './kernel-paths.ts';
import { ociMounts } from './oci-mounts.ts';
import type { OciDeviceRule, OciProcess, OciResources, OciRuntimeSpec } from './oci-spec.ts';
import { SECCOMP_PROFILE } from './seccomp-profile.ts';

/** Ids of the VM that a container with a user namespace has. */
export const USER_NAMESPACE_SIZE = 65_536;

/** Period of the CPU quota, as every engine has it: long enough to be cheap, short enough not to be felt. */
export const CPU_PERIOD_US = 100_000;

/** The kernel takes no smaller quota (`min_cfs_quota_period`). */
const MIN_CPU_QUOTA_US = 1_000;

/** When the VM itself runs out of memory, a container ends rather than the launcher or the proxy. */
export const OOM_SCORE_ADJ = 500;

/** Settings of the container's own network namespace. */
export const CONTAINER_SYSCTLS: Readonly<Record<string, string>> = {
  // An image that listens on port 80 needs neither root nor a capability for it: the port is in its own namespace.
  'net.ipv4.ip_unprivileged_port_start': '0',
};

/** Devices that every program expects: null, zero, full, random, urandom, tty, ptmx, and pseudo-terminals. */
export const DEFAULT_DEVICES: readonly OciDeviceRule[] = [
  ...[3, 5, 7, 8, 9].map((minor) => characterDevice(1, minor)),
  characterDevice(5, 0),
  characterDevice(5, 2),
  { allow: true, type: 'c', major: 136, access: 'rwm' },
];

/** Where an engine puts a container. */
export interface OciPlacement {
  /** Control group, a leaf that nothing else uses. */
  readonly cgroupsPath: string;
  /** Path of an existing network namespace; otherwise the container gets a new one with nothing but loopback. */
  readonly networkNamespace?: string;
}

/**
 * Writes a container down for an OCI runtime.
 *
 * @param spec - the container
 * @param placement - what the engine decides
 * @returns plain JSON
 */
export function ociRuntimeSpec(spec: ContainerSpec, placement: OciPlacement): OciRuntimeSpec {
  return {
    ociVersion: '1.0.2',
    process: ociProcess(spec, spec.args),
    root: { path: 'rootfs', readonly: spec.readOnlyRoot },
    hostname: spec.hostname,
    mounts: ociMounts(spec),
    linux: {
      namespaces: namespaces(spec, placement.networkNamespace),
      ...idMappings(spec.userNamespaceBase),
      cgroupsPath: placement.cgroupsPath,
      resources: resources(spec),
      devices: spec.devices.map((device) => ({
        path: device.path,
        type: device.kind,
        major: device.major,
        minor: device.minor,
        fileMode: 0o600,
        uid: spec.uid,
        gid: spec.gid,
      })),
      sysctl: CONTAINER_SYSCTLS,
      maskedPaths: spec.maskedPaths ? MASKED_PATHS : [],
      readonlyPaths: READ_ONLY_PATHS,
      ...(spec.seccomp === 'default' ? { seccomp: SECCOMP_PROFILE } : {}),
    },
  };
}

/**
 * Writes down a program in a container, confined as the container's first one is.
 *
 * @param spec - the container
 * @param args - program and arguments
 * @returns plain JSON
 */
export function ociProcess(spec: ContainerSpec, args: readonly string[]): OciProcess {
  const { capabilities } = spec;
  return {
    terminal: false,
    user: { uid: spec.uid, gid: spec.gid, umask: 0o022, additionalGids: spec.additionalGids },
    args,
    env: spec.env,
    cwd: spec.cwd,
    capabilities: {
      bounding: capabilities,
      effective: capabilities,
      permitted: capabilities,
      // A user that is not root keeps a capability across execve only when it is in these two (capabilities(7)).
      inheritable: capabilities,
      ambient: capabilities,
    },
    rlimits: [
      { type: 'RLIMIT_NOFILE', soft: spec.limits.nofile, hard: spec.limits.nofile },
      // A core dump would be memory on disk.
      { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
    ],
    noNewPrivileges: spec.noNewPrivileges,
    oomScoreAdj: OOM_SCORE_ADJ,
  };
}

/**
 * Turns cores into a quota of CPU time.
 *
 * @param vcpus - cores, may be a fraction
 * @returns microseconds in each {@link CPU_PERIOD_US}
 */
export function cpuQuota(vcpus: number): number {
  return Math.max(MIN_CPU_QUOTA_US, Math.round(vcpus * CPU_PERIOD_US));
}

function namespaces(
  spec: ContainerSpec,
  networkNamespace: string | undefined,
): readonly { readonly type: string; readonly path?: string }[] {
  const own = ['pid', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type }));
  const network = {
    type: 'network',
    ...(networkNamespace === undefined ? {} : { path: networkNamespace }),
  };
  const user = spec.userNamespaceBase === undefined ? [] : [{ type: 'user' }];
  return [...own, network, ...user];
}

function idMappings(
  base: number | undefined,
): Pick<OciRuntimeSpec['linux'], 'uidMappings' | 'gidMappings'> {
  if (base === undefined) return {};
  const mapping = [{ containerID: 0, hostID: base, size: USER_NAMESPACE_SIZE }];
  return { uidMappings: mapping, gidMappings: mapping };
}

function resources({ limits, devices }: ContainerSpec): OciResources {
  const { memoryBytes, vcpus, pids } = limits;
  return {
    devices: [{ allow: false, access: 'rwm' }, ...DEFAULT_DEVICES, ...devices.map(allowDevice)],
    pids: { limit: pids },
    // The sum of memory and swap: equal values mean no swap at all, which would be memory on disk.
    ...(memoryBytes === undefined ? {} : { memory: { limit: memoryBytes, swap: memoryBytes } }),
    ...(vcpus === undefined ? {} : { cpu: { quota: cpuQuota(vcpus), period: CPU_PERIOD_US } }),
  };
}

function allowDevice({ kind, major, minor }: ContainerDevice): OciDeviceRule {
  return { allow: true, type: kind, major, minor, access: 'rw' };
}

function characterDevice(major: number, minor: number): OciDeviceRule {
  return { allow: true, type: 'c', major, minor, access: 'rwm' };
}
