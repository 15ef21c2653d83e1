// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDir, type Logger } from '@proofgate/daemon';
import type { ContainerEngine } from '../container/container-engine.ts';
import { ociRuntimeSpec } from '../container/oci-runtime-spec.ts';
import { ContainerFiles } from './container-files.ts';
import { ContainerdClient } from './containerd-client.ts';
import { ContainerdEngine } from './containerd-engine.ts';
import { findContainerd, USUAL_SOCKET, type FoundContainerd } from './find-containerd.ts';
import { findProgram, PROGRAM_DIRECTORIES } from './find-program.ts';
import { ImageRecords } from './image-records.ts';
import { endLeases } from './lease.ts';
import { CONTAINERS } from './methods.ts';
import { chooseSnapshotter } from './probe-containerd.ts';

/** What containerd is opened with. */
export interface OpenContainerdOptions {
  /** 8 hex digits that tell this launcher's containers from another one's. */
  readonly owner: string;
  /** Absolute; a private containerd keeps images below it. */
  readonly dataDir: string;
  /**
   * Absolute; a restart of the VM empties it, a restart of the launcher does not. Containers with a user namespace need
   * a directory that everybody may pass through.
   */
  readonly runDir: string;
  /** Of a running containerd, if the config names one. */
  readonly socket?: string;
  /** Where the system's containerd is; the usual place unless told. */
  readonly usualSocket?: string;
  /** Control group below which every container has its own, such as `/proofgate-0a1b2c3d`. */
  readonly cgroupParent: string;
  /** 32 hex digits that the kernel drew at random when it booted. */
  readonly bootId: string;
  /** Where programs are looked for; the system's directories unless told. */
  readonly programDirectories?: readonly string[];
  readonly logger: Logger;
}

/** An engine over containerd, and where it was found. */
export interface OpenedContainerd {
  readonly engine: ContainerEngine;
  readonly socket: string;
  /** Whether the launcher has started it for itself alone. */
  readonly isPrivate: boolean;
  /** Why this one, for people. */
  readonly reason: string;
  /** Closes the engine and ends a private containerd; containers go on running. */
  shutDown(): Promise<void>;
}

/**
 * Connects to containerd, starts a private one where there is none, and removes what an interrupted launcher left in it
 * that is of no use. Containers are left alone.
 *
 * @throws LauncherError ERR_LAUNCHER_RUNTIME_UNAVAILABLE when there is no containerd and none can be started,
 *   ERR_LAUNCHER_ENGINE_UNAVAILABLE when it does not answer, ERR_LAUNCHER_ENGINE_REFUSED when it is of no use
 */
export async function openContainerd(options: OpenContainerdOptions): Promise<OpenedContainerd> {
  const { bootId, logger, programDirectories = PROGRAM_DIRECTORIES } = options;
  // Asked for first: without them nothing is to be started.
  const runc = await findProgram('runc', programDirectories);
  await findProgram('mkfifo', programDirectories);
  const runDir = join(options.runDir, 'containerd');
  await ensureDir(runDir, 0o711);
  const found = await findContainerd({
    socket: options.socket,
    usualSocket: options.usualSocket ?? USUAL_SOCKET,
    dataDir: join(options.dataDir, 'containerd'),
    runDir,
    bootId,
    programDirectories,
    logger,
  });
  try {
    return await connect(options, found, { runDir, runc });
  } catch (error) {
    found.own?.close();
    throw error;
  }
}

async function connect(
  { owner, bootId, cgroupParent, logger }: OpenContainerdOptions,
  { socket, own, reason }: FoundContainerd,
  { runDir, runc }: { readonly runDir: string; readonly runc: string },
): Promise<OpenedContainerd> {
  const namespace = `proofgate-${owner}`;
  const client = new ContainerdClient(socket, namespace);
  try {
    const snapshotter = await chooseSnapshotter(client);
    const filesDir = join(runDir, 'io');
    await tidyUp(client, { snapshotter, bootId, filesDir });
    const engine = new ContainerdEngine({
      client,
      namespace,
      snapshotter,
      bootId,
      filesDir,
      runc: { program: runc, root: join(runDir, 'runc') },
      cgroupParent,
      runtimeSpec: ociRuntimeSpec,
      revive: () => own?.revive() ?? Promise.resolve(),
      release: () => own?.close(),
      logger,
    });
    const shutDown = async (): Promise<void> => {
      await engine.close();
      await own?.stop();
    };
    return { engine, socket, isPrivate: own !== undefined, reason, shutDown };
  } catch (error) {
    client.close();
    throw error;
  }
}

async function tidyUp(
  client: ContainerdClient,
  {
    snapshotter,
    bootId,
    filesDir,
  }: { readonly snapshotter: string; readonly bootId: string; readonly filesDir: string },
): Promise<void> {
  await ensureDir(filesDir, 0o700);
  await endLeases(client);
  await new ImageRecords({ client, snapshotter, bootId }).removeStale();
  const { containers } = await client.call(CONTAINERS.list, { filters: [] });
  const known = new Set(containers.map(({ id }) => id));
  const files = new ContainerFiles(filesDir);
  for (const id of await readdir(filesDir)) {
    if (!known.has(id)) await files.remove(id);
  }
}
