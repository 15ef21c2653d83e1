// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { networkInterfaces } from 'node:os';
import type { ContainerConfig, PlatformConfig, UserAndGroup } from '@proofgate/api';
import type { Logger } from '@proofgate/daemon';
import type { ContainerEngine, EngineFeatures, EngineKind } from '../container/container-engine.ts';
import { ContainerPreparation } from '../container/container-preparation.ts';
import { findInitProgram } from '../container/init-program.ts';
import { ContainerNetwork } from '../container/network/container-network.ts';
import { readOpenFilesLimit } from '../container/open-files-limit.ts';
import { LauncherError } from '../errors.ts';
import { ImageStore } from '../image/image-store.ts';
import { RingLogs } from '../logs/ring-logs.ts';
import type { ContainerRecord } from '../supervision/runtime.ts';
import { ContainerRuntime } from './container-runtime.ts';
import { removeControlGroup } from './control-group-tree.ts';
import { launcherOwner } from './launcher-owner.ts';
import { StorageVolumes } from './storage-volumes.ts';
import { openEngine, openKind, type EngineSurroundings, type OpenedEngine } from './open-engine.ts';

/** What running containers needs. */
export interface ContainerHostOptions {
  readonly platform: PlatformConfig;
  /** Absolute, exists. */
  readonly dataDir: string;
  /** Absolute, exists. */
  readonly runDir: string;
  /** Real path of the directory with one directory of logs for each workload. */
  readonly logsDir: string;
  /** Names this boot of the kernel. */
  readonly bootId: string;
  readonly own: UserAndGroup;
  readonly logger: Logger;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Control group above those of the containers. @defaultValue `/proofgate-<owner>` */
  readonly cgroupParent?: string | undefined;
}

/** The engine that is used, for people. */
export interface EngineInUse {
  readonly kind: EngineKind;
  readonly version: string;
  readonly features: EngineFeatures;
  /** Why this one. */
  readonly reason: string;
}

/** Everything that is opened together. */
interface Opened {
  readonly runtime: ContainerRuntime;
  readonly inUse: EngineInUse;
  readonly engine: OpenedEngine;
  readonly store: ImageStore;
  readonly network: ContainerNetwork;
}

/**
 * What a launcher needs in order to run containers. The engine is opened when the first container is there: a launcher
 * of processes starts none.
 */
export class ContainerHost {
  readonly #options: ContainerHostOptions;
  readonly #surroundings: EngineSurroundings;
  readonly #preparation: ContainerPreparation;
  /** Volumes of containers that declare storage. */
  readonly storage: StorageVolumes;
  #opening: Promise<Opened> | undefined;
  #opened: Opened | undefined;
  /** Containers that ran when the launcher started. */
  #found: readonly ContainerRecord[] = [];

  private constructor(
    options: ContainerHostOptions,
    surroundings: EngineSurroundings,
    preparation: ContainerPreparation,
  ) {
    this.#options = options;
    this.#surroundings = surroundings;
    this.#preparation = preparation;
    this.storage = new StorageVolumes(surroundings);
  }

  /** Looks at the machine; starts nothing. */
  static async create(options: ContainerHostOptions): Promise<ContainerHost> {
    const { platform, dataDir, runDir, bootId, logger } = options;
    const owner = await launcherOwner(dataDir);
    const { cgroupParent = `/proofgate-${owner}` } = options;
    const preparation = new ContainerPreparation({
      ...{ dataDir, runDir, owner },
      secretsDir: platform.containers.secrets_dir,
      init: await findInitProgram(),
      maxOpenFiles: await readOpenFilesLimit(),
    });
    const surroundings = { owner, dataDir, runDir, cgroupParent, bootId, logger };
    return new ContainerHost(
      options,
      { ...surroundings, settings: platform.containers },
      preparation,
    );
  }

  /** Whether managers may run programs in containers. */
  get execAllowed(): boolean {
    return this.#options.platform.containers.exec;
  }

  /** The engine, once there is one. */
  get inUse(): EngineInUse | undefined {
    return this.#opened?.inUse;
  }

  /** The runtime, once it has been opened. */
  get runtime(): ContainerRuntime | undefined {
    return this.#opened?.runtime;
  }

  /**
   * Refuses what this machine cannot do for a container.
   *
   * @throws LauncherError ERR_LAUNCHER_RUNTIME_UNAVAILABLE when it can run no containers at all; what the container's
   *   settings ask for and cannot have
   */
  admit(workload: ContainerConfig): void {
    requireContainerSupport(workload, this.#options);
    this.#preparation.admit(workload);
  }

  /**
   * Says what an earlier launcher left running. To be called before {@link open}.
   *
   * @param records - its containers
   */
  expect(records: readonly ContainerRecord[]): void {
    this.#found = records;
  }

  /**
   * Opens the engine and what belongs to it, the first time.
   *
   * @throws LauncherError ERR_LAUNCHER_RUNTIME_UNAVAILABLE, ERR_LAUNCHER_ENGINE_UNAVAILABLE,
   *   ERR_LAUNCHER_NETWORK_FAILED; a later call tries again
   */
  async open(): Promise<ContainerRuntime> {
    this.#opening ??= this.#openAll();
    try {
      this.#opened = await this.#opening;
      return this.#opened.runtime;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  /**
   * Lets go of everything.
   *
   * @param emptied - whether no container is left: then nothing else is left either
   */
  async close(emptied: boolean): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined);
    if (opened === undefined) return;
    await opened.store.close();
    if (!emptied) {
      opened.network.close();
      await opened.engine.engine.close();
      return;
    }
    await opened.network.removeAll();
    await this.#preparation.removeAll();
    await opened.engine.shutDown();
    await removeControlGroup(this.#surroundings.cgroupParent);
  }

  async #openAll(): Promise<Opened> {
    const { platform, dataDir, logger } = this.#options;
    const inUse = this.#found[0]?.runtime;
    const engine = await openEngine(platform.runtime, inUse, this.#surroundings);
    try {
      const store = await ImageStore.open({
        directory: join(dataDir, 'images'),
        registries: platform.containers.registries,
        limits: { maxImageBytes: platform.containers.max_image_size },
        logger,
      });
      const network = await this.#openNetwork(engine.engine);
      const runtime = this.#makeRuntime(engine.engine, store, network);
      const version = await engine.engine.version();
      const { kind, features } = engine.engine;
      const facts = { engine: kind, version, ...features, reason: engine.reason };
      logger.info(facts, 'container engine ready');
      return {
        ...{ runtime, engine, store, network },
        inUse: { kind, version, features, reason: engine.reason },
      };
    } catch (error) {
      await engine.engine.close();
      throw error;
    }
  }

  async #openNetwork(engine: ContainerEngine): Promise<ContainerNetwork> {
    const { platform, logger } = this.#options;
    const running = new Set(
      (await engine.list()).filter(({ state }) => state === 'running').map(({ id }) => id),
    );
    const network = await ContainerNetwork.open(
      {
        owner: this.#surroundings.owner,
        network: platform.containers.network,
        addresses: networkInterfaces,
        logger,
      },
      this.#found.filter(({ id }) => running.has(id)).map(({ slot, egress }) => ({ slot, egress })),
    );
    // Also of those that have ended while nobody looked: the proxy was not told yet.
    for (const { slot } of this.#found) network.withhold(slot);
    return network;
  }

  #makeRuntime(
    engine: ContainerEngine,
    store: ImageStore,
    network: ContainerNetwork,
  ): ContainerRuntime {
    const { logger, random, logsDir } = this.#options;
    return new ContainerRuntime({
      ...{ engine, store, network, logger, random },
      preparation: this.#preparation,
      storage: this.storage,
      owner: this.#surroundings.owner,
      runDir: this.#surroundings.runDir,
      execAllowed: this.execAllowed,
      logs: new RingLogs({
        dir: logsDir,
        clock: { date: () => new Date(), now: () => performance.now() },
        logger,
      }),
      openOther: (kind) => openKind(kind, 'containers are left in it', this.#surroundings),
    });
  }
}

/**
 * Refuses a container where none can be run. Needs nothing of the machine.
 *
 * @param workload - any workload
 * @param launcher - its settings, and the user that it runs as
 * @throws LauncherError ERR_LAUNCHER_RUNTIME_UNAVAILABLE
 */
export function requireContainerSupport(
  workload: ContainerConfig,
  { own, platform }: { readonly own: UserAndGroup; readonly platform: PlatformConfig },
): void {
  if (workload.runtime === 'process') return;
  if (own.uid === 0 && platform.runtime !== 'process') return;
  throw new LauncherError(
    'ERR_LAUNCHER_RUNTIME_UNAVAILABLE',
    `workload ${workload.name} is a container, and this launcher cannot run any`,
    own.uid === 0
      ? { expected: 'platform.runtime auto, containerd or podman', seen: 'process' }
      : { expected: 'a launcher that root has started', seen: `user ${String(own.uid)}` },
  );
}
