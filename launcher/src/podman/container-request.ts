// SPDX-License-Identifier: Apache-2.0
import { CONTAINER_LABELS, type ContainerSpec } from '../container/container-spec.ts';
import { MASKED_PATHS } from '../container/kernel-paths.ts';
import { ociMounts, SHM_SIZE_BYTES } from '../container/oci-mounts.ts';
import {
  CONTAINER_SYSCTLS,
  CPU_PERIOD_US,
  cpuQuota,
  OOM_SCORE_ADJ,
  USER_NAMESPACE_SIZE,
} from '../container/oci-runtime-spec.ts';
import type { OciMount } from '../container/oci-spec.ts';

/** What the engine decides about a container, besides what its specification says. */
export interface ContainerPlacement {
  /** Which launcher it belongs to. */
  readonly owner: string;
  /** Image id in the engine: the hex digits of the configuration's digest. */
  readonly imageId: string;
  /** Control group above the container's; `undefined` leaves it to the engine. */
  readonly cgroupParent: string | undefined;
  /** File with the seccomp profile. */
  readonly seccompFile: string;
  /** File that its output goes to. */
  readonly logFile: string;
  /** Most processes that its user may have, in all containers together; podman's own default may be refused. */
  readonly maxUserProcesses: number;
}

/** The body of podman's request to create a container (libpod API, `SpecGenerator`). */
export type ContainerRequest = Readonly<Record<string, unknown>>;

/**
 * What is kept of a container's output until the launcher has read it. A container that writes more than this faster
 * than it is read loses the middle; nothing makes it wait.
 */
export const LOG_BUFFER_BYTES: number = 8 * 1024 * 1024;

/**
 * Podman mounts the control group file systems in every container unless something else is to be there. Containers have
 * no use for them; what they get is empty.
 */
const INSTEAD_OF_CGROUPS: OciMount = {
  destination: '/sys/fs/cgroup',
  type: 'tmpfs',
  source: 'tmpfs',
  options: ['nosuid', 'nodev', 'noexec', 'ro', 'mode=755', 'size=4096'],
};

/** What podman 4 and 5 mask by themselves, to be undone when nothing is to be masked. */
const PODMAN_MASKED_PATHS: readonly string[] = [
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/dev/block',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
  '/sys/fs/selinux',
];

/**
 * Writes a container down for podman, so that it becomes what {@link ociRuntimeSpec} describes: nothing is left to
 * podman's defaults, its configuration files, or the image.
 *
 * @param spec - the container
 * @param placement - what the engine decides
 * @returns plain JSON
 */
export function containerRequest(
  spec: ContainerSpec,
  placement: ContainerPlacement,
): ContainerRequest {
  return {
    name: spec.id,
    image: placement.imageId,
    labels: { ...spec.labels, [CONTAINER_LABELS.owner]: placement.owner },
    ...processFields(spec),
    ...namespaceFields(spec),
    ...confinementFields(spec, placement),
    ...limitFields(spec, placement),
    mounts: [...ociMounts(spec), INSTEAD_OF_CGROUPS].map(podmanMount),
    // Containers without /etc/hosts in the image or among their mounts have none, on every engine.
    use_image_hosts: true,
    use_image_resolv_conf: true,
    // What the image declares as volumes would become directories in the VM.
    image_volume_mode: 'ignore',
    ...supervisionFields(placement),
  };
}

function processFields(spec: ContainerSpec): ContainerRequest {
  const [program, ...rest] = spec.args;
  return {
    entrypoint: [program],
    command: rest,
    env: environment(spec.env),
    // Otherwise those of the image and of podman come in addition.
    unsetenvall: true,
    terminal: false,
    stdin: false,
    work_dir: spec.cwd,
    create_working_dir: true,
    user: `${String(spec.uid)}:${String(spec.gid)}`,
    groups: spec.additionalGids.map(String),
    // Otherwise podman writes users that the image does not know into its /etc/passwd.
    manage_password: false,
    hostname: spec.hostname,
    stop_signal: spec.stopSignal,
    umask: '0022',
  };
}

/** A namespace of its own of each kind; the network one has nothing but loopback. */
function namespaceFields({ userNamespaceBase }: ContainerSpec): ContainerRequest {
  const own = { nsmode: 'private' };
  const namespaces = {
    netns: { nsmode: 'none' },
    cgroupns: own,
    ipcns: own,
    pidns: own,
    utsns: own,
  };
  if (userNamespaceBase === undefined) return { ...namespaces, userns: { nsmode: 'host' } };
  const map = [{ container_id: 0, host_id: userNamespaceBase, size: USER_NAMESPACE_SIZE }];
  return {
    ...namespaces,
    userns: own,
    idmappings: { HostUIDMapping: false, HostGIDMapping: false, UIDMap: map, GIDMap: map },
  };
}

function confinementFields(spec: ContainerSpec, placement: ContainerPlacement): ContainerRequest {
  return {
    cap_drop: ['ALL'],
    cap_add: spec.capabilities,
    no_new_privileges: spec.noNewPrivileges,
    seccomp_profile_path: spec.seccomp === 'default' ? placement.seccompFile : 'unconfined',
    read_only_filesystem: spec.readOnlyRoot,
    selinux_opts: ['disable'],
    privileged: false,
    devices: spec.devices.map(({ path }) => ({ path })),
    sysctl: CONTAINER_SYSCTLS,
    ...(spec.maskedPaths ? { mask: MASKED_PATHS } : { unmask: PODMAN_MASKED_PATHS }),
  };
}

function limitFields({ limits }: ContainerSpec, placement: ContainerPlacement): ContainerRequest {
  const { memoryBytes, vcpus, pids, nofile } = limits;
  const { maxUserProcesses, cgroupParent } = placement;
  return {
    ...(cgroupParent === undefined ? {} : { cgroup_parent: cgroupParent }),
    cgroups_mode: 'enabled',
    oom_score_adj: OOM_SCORE_ADJ,
    r_limits: [
      { type: 'nofile', soft: nofile, hard: nofile },
      { type: 'nproc', soft: maxUserProcesses, hard: maxUserProcesses },
      { type: 'core', soft: 0, hard: 0 },
    ],
    resource_limits: {
      pids: { limit: pids },
      ...(memoryBytes === undefined ? {} : { memory: { limit: memoryBytes, swap: memoryBytes } }),
      ...(vcpus === undefined ? {} : { cpu: { quota: cpuQuota(vcpus), period: CPU_PERIOD_US } }),
    },
    shm_size: SHM_SIZE_BYTES,
  };
}

/** All of this is the launcher's. */
function supervisionFields({ logFile }: ContainerPlacement): ContainerRequest {
  return {
    restart_policy: 'no',
    remove: false,
    init: false,
    systemd: 'false',
    sdnotifyMode: 'ignore',
    healthconfig: { Test: ['NONE'] },
    log_configuration: { driver: 'k8s-file', path: logFile, size: LOG_BUFFER_BYTES },
    // What a container writes to its root is gone with it: no need to wait for the disk.
    volatile: true,
  };
}

function environment(env: readonly string[]): Readonly<Record<string, string>> {
  const entries = env.map((entry): [string, string] => {
    const at = entry.indexOf('=');
    return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
  });
  return Object.fromEntries(entries);
}

/**
 * Podman has its own words for some options of a tmpfs: `U` gives it to the container's user, and without
 * `notmpcopyup` it is filled with what the image has there. The one on /dev is passed on to the runtime as it is.
 */
function podmanMount(mount: OciMount): OciMount {
  if (mount.type !== 'tmpfs' || mount.destination === '/dev') return mount;
  const options = mount.options.filter((option) => !/^[ug]id=/.test(option));
  const owned = options.length < mount.options.length;
  return { ...mount, options: [...options, 'notmpcopyup', ...(owned ? ['U'] : [])] };
}
