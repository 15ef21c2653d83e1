// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDir, writeFileAtomic, type Logger } from '@proofgate/daemon';
import type { ContainerEngine } from '../container/container-engine.ts';
import { SECCOMP_PROFILE } from '../container/seccomp-profile.ts';
import { findProgram } from '../containerd/find-program.ts';
import { LauncherError } from '../errors.ts';
import { flagIn, objectIn, objectOf, textIn } from './answer-fields.ts';
import { EngineSocket, statusOf } from './engine-socket.ts';
import { emptyOnFirstUseOfBoot } from './first-use-of-boot.ts';
import { PodmanEngine } from './podman-engine.ts';
import { LIBPOD } from './podman-images.ts';
import { PrivatePodman } from './private-podman.ts';

/** How podman is found and what it is given. */
export interface OpenPodmanOptions {
  /** 8 hex digits that tell this launcher's containers and images from another one's. */
  readonly owner: string;
  /** Absolute; images, containers and their output are kept below it. */
  readonly dataDir: string;
  /** Absolute; a restart of the VM empties it, a restart of the launcher does not. */
  readonly runDir: string;
  /** Of a running service, if the config names one; otherwise one is started. */
  readonly socket?: string;
  /** Control group below which every container has its own, such as `/proofgate-0a1b2c3d`. */
  readonly cgroupParent: string;
  /** 32 hex digits that the kernel drew at random when it booted. */
  readonly bootId: string;
  /** Where programs are looked for; the system's directories unless told. */
  readonly programDirectories?: readonly string[];
  readonly logger: Logger;
}

/** An engine over podman, and where it was found. */
export interface OpenedPodman {
  readonly engine: ContainerEngine;
  readonly socket: string;
  /** Whether the launcher has started it for itself alone. */
  readonly isPrivate: boolean;
  /** Why this one, for people. */
  readonly reason: string;
  /** Closes the engine and ends a private service; containers go on running. */
  shutDown(): Promise<void>;
}

/** Largest number of processes that the kernel can have (proc(5), `pid_max`); more than any limit needs to be. */
const MAX_PROCESSES = 4_194_304;

/** From this version on, podman sees what conmon reports about memory by itself. */
const OOM_REPORTING_MAJOR = 5;

/**
 * Connects to podman, or starts a podman of our own. Containers are left alone.
 *
 * @returns the engine; it has answered
 * @throws LauncherError ERR_LAUNCHER_RUNTIME_UNAVAILABLE when a program is missing or the service is no use;
 *   ERR_LAUNCHER_ENGINE_UNAVAILABLE when it does not answer
 */
export async function openPodman(options: OpenPodmanOptions): Promise<OpenedPodman> {
  const directory = join(options.dataDir, 'podman');
  const seccompFile = join(directory, 'seccomp.json');
  const service =
    options.socket === undefined ? await startPrivate(options, seccompFile) : undefined;
  await ensureDir(directory, 0o711);
  await writeFileAtomic(seccompFile, JSON.stringify(SECCOMP_PROFILE));
  const socketPath = service?.socketPath ?? options.socket ?? '';
  const socket = await EngineSocket.open({
    name: 'podman',
    socketPath,
    ...(service === undefined ? {} : { revive: () => service.ensure() }),
  });
  const { version, hasCgroupfs, graphRoot } = await describe(socket);
  const engine = new PodmanEngine({
    engine: socket,
    owner: options.owner,
    bootId: options.bootId,
    sharedRoot: service === undefined ? graphRoot : undefined,
    logDirectory: join(directory, 'output'),
    seccompFile,
    cgroupParent: hasCgroupfs ? options.cgroupParent : undefined,
    maxUserProcesses: processLimitIn(await readFile('/proc/self/limits', 'utf8')),
    features: {
      oomReports: service !== undefined || Number.parseInt(version, 10) >= OOM_REPORTING_MAJOR,
      userNamespaces: true,
      checkedBeforeStart: true,
    },
  });
  const shutDown = async (): Promise<void> => {
    await engine.close();
    await service?.stop();
  };
  const reason =
    service === undefined
      ? `podman ${version} answers on ${socketPath}`
      : `podman ${version} is installed`;
  return { engine, socket: socketPath, isPrivate: service !== undefined, reason, shutDown };
}

/**
 * Reads the largest number of processes that this process, and whatever it starts, may have.
 *
 * @param text - of `/proc/self/limits`
 */
export function processLimitIn(text: string): number {
  const hard = /^Max processes +\S+ +(\d+) /m.exec(text)?.[1];
  return hard === undefined ? MAX_PROCESSES : Math.min(Number(hard), MAX_PROCESSES);
}

async function startPrivate(
  { dataDir, runDir, bootId, logger, programDirectories }: OpenPodmanOptions,
  seccompFile: string,
): Promise<PrivatePodman> {
  // Asked for first: without them nothing is to be started.
  const programs = {
    podman: await findProgram('podman', programDirectories),
    conmon: await findProgram('conmon', programDirectories),
    // Not crun: it installs the filter of system calls only when it starts the program, and what was not there yet
    // cannot be checked before. Before version 1.9 it also refuses machines with both versions of control groups.
    runtime: await findProgram('runc', programDirectories),
  };
  const places = {
    directory: join(dataDir, 'podman'),
    runDirectory: join(runDir, 'podman'),
    programs,
  };
  for (const directory of [places.directory, places.runDirectory]) {
    const { removed } = await emptyOnFirstUseOfBoot(directory, bootId);
    removed.catch((err: unknown) => {
      logger.warn({ err, directory }, 'files of an earlier boot cannot be removed');
    });
  }
  const service = new PrivatePodman(places, seccompFile, logger);
  await service.ensure();
  return service;
}

async function describe(socket: EngineSocket): Promise<{
  readonly version: string;
  readonly hasCgroupfs: boolean;
  /** Of its storage. */
  readonly graphRoot: string;
}> {
  const path = `${LIBPOD}/info`;
  const request = { method: 'GET', what: 'describe itself', path } as const;
  const answer = await socket.call(request).catch((error: unknown) => {
    // Docker has no such call, and takes the version for one of its own.
    if (statusOf(error) !== undefined) throw ofNoUse('it is not podman 4 or later');
    throw error;
  });
  const info = objectOf(answer, 'info');
  const host = objectIn(info, 'host');
  // Its containers are in a user namespace that the launcher's network devices cannot be moved into.
  if (flagIn(objectIn(host, 'security'), 'rootless')) throw ofNoUse('it runs without root');
  const runtime = objectIn(host, 'ociRuntime')['name'];
  if (runtime !== 'runc') {
    // What is not confined in full before it is started could only be checked when it is too late.
    throw ofNoUse(`it runs containers with ${String(runtime)}`, {
      expected: 'runc',
      hint: 'set runtime = "runc" in its containers.conf, or remove podman_socket',
    });
  }
  const store = objectIn(info, 'store');
  const driver = textIn(store, 'graphDriverName');
  if (driver !== 'overlay') {
    // Which layers it had already cannot be seen.
    throw ofNoUse(`its storage driver is ${driver}`, { expected: 'overlay' });
  }
  return {
    version: textIn(objectIn(info, 'version'), 'Version'),
    hasCgroupfs: textIn(host, 'cgroupManager') === 'cgroupfs',
    graphRoot: textIn(store, 'graphRoot'),
  };
}

function ofNoUse(
  reason: string,
  details: { readonly expected?: string; readonly hint?: string } = {},
): LauncherError {
  const message = `the container engine of podman_socket is of no use: ${reason}`;
  return new LauncherError('ERR_LAUNCHER_RUNTIME_UNAVAILABLE', message, details);
}
