// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { PROGRAM_DIRECTORIES } from '../containerd/find-program.ts';

/** Where a podman of our own keeps what, and with which programs it works. */
export interface PodmanPlaces {
  /** On a disk whose file system takes overlays and executes programs. */
  readonly directory: string;
  /** For what a reboot may wipe. */
  readonly runDirectory: string;
  readonly programs: PodmanPrograms;
}

/** Absolute paths. */
export interface PodmanPrograms {
  readonly podman: string;
  readonly conmon: string;
  /** An OCI runtime; its file name says which. */
  readonly runtime: string;
}

/** A file that podman is set up with. */
export interface SettingsFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/** Everything that makes a podman ours. */
export interface PodmanSettings {
  readonly files: readonly SettingsFile[];
  /** The service's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly temporaryDirectory: string;
  readonly socketPath: string;
  /** Changes with any of the above: a service that runs with others is replaced. */
  readonly digest: string;
}

/**
 * How long conmon keeps what it knows about a program that was run in a container; then it ends. Podman's own five
 * minutes would leave a process for each health probe of that time.
 */
const EXEC_MEMORY_SECONDS = 5;

/**
 * Writes down a podman that has nothing in common with another one on the same machine: its own storage, state, locks,
 * networks and defaults, and no images but those that the launcher gives it.
 *
 * @param places - where it keeps them
 * @param seccompFile - profile of containers that name none
 */
export function podmanSettings(places: PodmanPlaces, seccompFile: string): PodmanSettings {
  const { directory, runDirectory, programs } = places;
  const at = (...parts: readonly string[]): string => join(directory, ...parts);
  const conmon = { path: at('conmon'), text: conmonWrapper(programs.conmon), mode: 0o700 };
  const containers = {
    path: at('containers.conf'),
    text: containersConf(places, conmon.path, seccompFile),
    mode: 0o600,
  };
  const storage = { path: at('storage.conf'), text: storageConf(places), mode: 0o600 };
  const registries = { path: at('registries.conf'), text: REGISTRIES_CONF, mode: 0o600 };
  // Podman looks for it in the home directory first, and there is no other way to name one.
  const policy = { path: at('home/.config/containers/policy.json'), text: POLICY, mode: 0o600 };
  const files = [conmon, containers, storage, registries, policy];
  const temporaryDirectory = at('tmp');
  const environment = {
    PATH: PROGRAM_DIRECTORIES.join(':'),
    HOME: at('home'),
    // Archives of images are unpacked here before they are stored.
    TMPDIR: temporaryDirectory,
    CONTAINERS_CONF: containers.path,
    CONTAINERS_STORAGE_CONF: storage.path,
    CONTAINERS_REGISTRIES_CONF: registries.path,
  };
  const digest = createHash('sha256').update(JSON.stringify([files, environment, programs]));
  return {
    files,
    environment,
    temporaryDirectory,
    socketPath: join(runDirectory, 'podman.sock'),
    digest: digest.digest('hex'),
  };
}

const REGISTRIES_CONF = 'unqualified-search-registries = []\n';

/** Accepts archives, which the launcher has verified, and their export again; not what a registry gives. */
const POLICY: string = JSON.stringify({
  default: [{ type: 'reject' }],
  transports: {
    'containers-storage': { '': [{ type: 'insecureAcceptAnything' }] },
    'oci-archive': { '': [{ type: 'insecureAcceptAnything' }] },
  },
});

function containersConf(
  { directory, runDirectory, programs }: PodmanPlaces,
  conmon: string,
  seccompFile: string,
): string {
  const runtime = basename(programs.runtime);
  return toml({
    containers: {
      default_capabilities: [],
      // A limit above that of this process is refused where root lacks CAP_SYS_RESOURCE.
      default_ulimits: ['nofile=1024:1024', 'nproc=1024:1024', 'core=0:0'],
      env: [],
      label: false,
      log_driver: 'k8s-file',
      netns: 'none',
      no_hosts: true,
      seccomp_profile: seccompFile,
    },
    engine: {
      cgroup_manager: 'cgroupfs',
      conmon_path: [conmon],
      // Nobody reads them, and the file would grow.
      events_logger: 'none',
      exit_command_delay: EXEC_MEMORY_SECONDS,
      hooks_dir: [],
      image_copy_tmp_dir: 'storage',
      // The other kind is one piece of shared memory for every podman of the machine.
      lock_type: 'file',
      pull_policy: 'never',
      runtime,
      static_dir: join(directory, 'libpod'),
      tmp_dir: join(runDirectory, 'tmp'),
      volume_path: join(directory, 'volumes'),
    },
    'engine.runtimes': { [runtime]: [programs.runtime] },
    network: { network_config_dir: join(directory, 'networks') },
  });
}

function storageConf({ directory, runDirectory }: PodmanPlaces): string {
  return toml({
    storage: {
      driver: 'overlay',
      graphroot: join(directory, 'storage'),
      runroot: join(runDirectory, 'storage'),
    },
    // Otherwise the storage is mounted on itself, and stays so when nothing of podman runs any more.
    'storage.options.overlay': { mountopt: 'nodev', skip_mount_home: 'true' },
  });
}

/**
 * Starts conmon in the container's own directory. When the kernel ends a process for want of memory, conmon 2.1 leaves
 * a mark in its working directory, which it inherits from the service; podman looks for it in the container's.
 */
function conmonWrapper(conmon: string): string {
  return [
    '#!/bin/sh',
    'for argument in "$@"; do',
    '  [ "$previous" = -b ] && cd "$argument"',
    '  previous=$argument',
    'done',
    `exec '${conmon.replaceAll("'", `'\\''`)}' "$@"`,
    '',
  ].join('\n');
}

/** TOML as far as settings need it: its basic strings and lists are written as JSON's are. */
function toml(tables: Readonly<Record<string, Readonly<Record<string, unknown>>>>): string {
  return Object.entries(tables)
    .flatMap(([name, values]) => [
      `[${name}]`,
      ...Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`),
      '',
    ])
    .join('\n');
}
