// SPDX-License-Identifier: Apache-2.0
import { posix } from 'node:path';
import {
  DEFAULT_MEMORY_MB,
  DEFAULT_VCPUS,
  type ContainerConfig,
  type ContainerIsolation,
} from '@proofgate/api';
import { LauncherError } from '../errors.ts';
import type { ImageConfig, VerifiedImage } from '../image/verified-image.ts';
import { unknownCapability } from './capabilities.ts';
import { INIT_TARGET, containerArguments } from './command-line.ts';
import { containerEnvironment } from './container-environment.ts';
import {
  CONTAINER_LABELS,
  type ContainerDevice,
  type ContainerLimits,
  type ContainerMount,
  type ContainerSpec,
} from './container-spec.ts';
import { requireInit } from './init-program.ts';
import {
  RUN_TARGET,
  TMP_TARGET,
  cleanTarget,
  isAtOrBelow,
  reservedTarget,
} from './mount-targets.ts';
import { stopSignalNumber } from './stop-signal.ts';
import type { ContainerUser } from './user/container-user.ts';

/** What this machine adds to what a container declares; everything is on disk and ready to be mounted. */
export interface ContainerSurroundings {
  /** Identifier in the engine. */
  readonly id: string;
  /** Eight hex digits that tell launchers on one machine apart. */
  readonly owner: string;
  /** `spec_digest` of the event log. */
  readonly specDigest: string;
  readonly user: ContainerUser;
  /** Path of a static init program; `undefined` when the machine has none. */
  readonly init: string | undefined;
  /** Most open files that this process may give to another. */
  readonly maxOpenFiles: number;
  /** First id of the VM for the container's ids; `undefined` without a user namespace. */
  readonly userNamespaceBase: number | undefined;
  /** Names and secrets, the workload's socket, volumes. */
  readonly mounts: readonly ContainerMount[];
  readonly devices: readonly ContainerDevice[];
}

const MEBIBYTE = 2 ** 20;

/** Anybody writes and only owners remove (inode(7)). */
const STICKY_MODE = 0o1777;
const PLAIN_MODE = 0o755;

/**
 * Writes down completely how a container is to run: what the manifest declares, what the image says where the manifest
 * is silent, and what this machine adds.
 *
 * @param workload - the container
 * @param image - its image
 * @param surroundings - this machine
 * @returns the description that engines run
 * @throws LauncherError ERR_LAUNCHER_SETTING_UNSUPPORTED, ERR_LAUNCHER_COMMAND_INVALID, ERR_LAUNCHER_ENV_RESERVED,
 *   ERR_LAUNCHER_IMAGE_REFUSED
 */
export function resolveContainer(
  workload: ContainerConfig,
  image: VerifiedImage,
  surroundings: ContainerSurroundings,
): ContainerSpec {
  const isolation = isolationOf(workload);
  const { config } = image;
  const { id, user, owner, specDigest } = surroundings;
  const init = isolation.init ? [initMount(requireInit(workload.name, surroundings.init))] : [];
  return {
    id,
    workload: workload.name,
    hostname: workload.name,
    args: containerArguments(workload, config, isolation.init),
    env: containerEnvironment(workload, config),
    cwd: workingDirectory(workload, config),
    ...user,
    mounts: [
      ...init,
      ...surroundings.mounts,
      ...scratchMounts(isolation, config, surroundings.mounts),
    ],
    devices: surroundings.devices,
    limits: containerLimits(workload, isolation, surroundings.maxOpenFiles),
    readOnlyRoot: isolation.read_only_root,
    noNewPrivileges: isolation.no_new_privileges,
    seccomp: isolation.seccomp,
    capabilities: capabilitiesOf(workload.name, isolation),
    maskedPaths: isolation.masked_paths,
    userNamespaceBase: surroundings.userNamespaceBase,
    stopSignal: stopSignalNumber(config.stopSignal),
    labels: {
      [CONTAINER_LABELS.owner]: owner,
      [CONTAINER_LABELS.workload]: workload.name,
      [CONTAINER_LABELS.image]: image.pin,
      [CONTAINER_LABELS.spec]: specDigest,
    },
  };
}

/**
 * The isolation of a container.
 *
 * @param workload - a workload with `runtime: container`
 * @returns its settings, with defaults
 * @throws LauncherError ERR_LAUNCHER_SETTING_UNSUPPORTED when it is a process
 */
export function isolationOf(workload: ContainerConfig): ContainerIsolation {
  if (workload.isolation !== undefined) return workload.isolation;
  throw new LauncherError(
    'ERR_LAUNCHER_SETTING_UNSUPPORTED',
    `workload ${workload.name} is not a container`,
    { expected: 'runtime container', seen: `runtime ${workload.runtime}` },
  );
}

function initMount(source: string): ContainerMount {
  return { kind: 'bind', source, target: INIT_TARGET, readOnly: true, exec: true };
}

/**
 * File systems in memory: for scratch files, for sockets of programs where the root cannot be written, and for what the
 * image declares as volumes and nothing else is mounted on.
 */
function scratchMounts(
  isolation: ContainerIsolation,
  image: ImageConfig,
  taken: readonly ContainerMount[],
): readonly ContainerMount[] {
  const writable = isolation.read_only_root
    ? [RUN_TARGET, ...image.volumes.map((path) => cleanTarget(posix.join('/', path)))]
    : [];
  const mounts: ContainerMount[] = [];
  for (const target of new Set([TMP_TARGET, ...writable])) {
    // A mount inside of somebody's volume would need a directory there.
    if (taken.some((other) => isAtOrBelow(target, other.target))) continue;
    if (target !== RUN_TARGET && reservedTarget(target) !== undefined) continue;
    const mode = target === TMP_TARGET ? STICKY_MODE : PLAIN_MODE;
    mounts.push({ kind: 'tmpfs', target, sizeBytes: isolation.tmp_size, mode });
  }
  return mounts;
}

function containerLimits(
  workload: ContainerConfig,
  isolation: ContainerIsolation,
  maxOpenFiles: number,
): ContainerLimits {
  const memory = workload.resource_memory_mb ?? DEFAULT_MEMORY_MB;
  const vcpus = workload.resource_vcpus ?? DEFAULT_VCPUS;
  return {
    memoryBytes: memory === 0 ? undefined : memory * MEBIBYTE,
    vcpus: vcpus === 0 ? undefined : vcpus,
    pids: isolation.pids,
    // Nobody gives more than they may have themselves (setrlimit(2)).
    nofile: Math.min(isolation.nofile, maxOpenFiles),
  };
}

function capabilitiesOf(workload: string, isolation: ContainerIsolation): readonly string[] {
  const unknown = unknownCapability(isolation.capabilities);
  if (unknown === undefined) return [...new Set(isolation.capabilities)];
  throw new LauncherError(
    'ERR_LAUNCHER_SETTING_UNSUPPORTED',
    `workload ${workload} asks for a capability that Linux does not have`,
    { expected: 'a name of capabilities(7)', seen: unknown },
  );
}

function workingDirectory(workload: ContainerConfig, image: ImageConfig): string {
  return workload.working_dir ?? cleanTarget(posix.join('/', image.workingDir));
}
