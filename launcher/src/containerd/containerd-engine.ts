// SPDX-License-Identifier: Apache-2.0
import { status } from '@grpc/grpc-js';
import type { Logger } from '@proofgate/daemon';
import type {
  ContainerEngine,
  EngineContainer,
  EngineExit,
  EngineFeatures,
  ExecRequest,
  ExecResult,
} from '../container/container-engine.ts';
import type { ContainerSpec } from '../container/container-spec.ts';
import type { VerifiedImage } from '../image/verified-image.ts';
import type { LogSink } from '../logs/log-sink.ts';
import { containerRecord, type RecordOptions } from './container-record.ts';
import { removeContainer } from './container-removal.ts';
import { engineContainer } from './container-state.ts';
import type { ContainerdClient } from './containerd-client.ts';
import {
  grpcStatus,
  ignoreEnded,
  isOutage,
  isRefusal,
  undefinedIfMissing,
} from './containerd-error.ts';
import { ContainerFiles, type OutputPipes } from './container-files.ts';
import { ImageRecords } from './image-records.ts';
import { ImageUnpacker } from './image-unpacker.ts';
import { withLease } from './lease.ts';
import { LogDeliveries } from './log-deliveries.ts';
import type { TaskProcess, Time } from './messages.ts';
import { CONTAINERS, TASKS, VERSION } from './methods.ts';
import { makeMountPoints } from './mount-points.ts';
import { endedOutOfMemory, readOomKills } from './out-of-memory.ts';
import { PendingCleanups } from './pending-cleanups.ts';
import { imageSnapshotName } from './snapshot-name.ts';
import { prepareSnapshot } from './snapshot-preparation.ts';
import { TaskEvents } from './task-events.ts';
import { TaskExec } from './task-exec.ts';
import { taskExit } from './task-exit.ts';

/** What the engine is made of. */
export interface ContainerdEngineOptions extends RecordOptions {
  /** Closed together with the engine. */
  readonly client: ContainerdClient;
  /** The client's; holds nothing but what belongs to this launcher. */
  readonly namespace: string;
  /** 32 hex digits that the kernel drew at random when it booted. */
  readonly bootId: string;
  /** Directory for the pipes of containers; a reboot empties it, a restart of the launcher does not. */
  readonly filesDir: string;
  /** Control group of which every container's is a child, such as `/proofgate-0a1b2c3d`. */
  readonly cgroupParent: string;
  /** Called when the connection has broken, before it is made again; settles when that makes sense. */
  readonly revive: () => Promise<void>;
  /** Called when the engine is closed. */
  readonly release: () => void;
  readonly logger: Logger;
}

/** A busy machine creates many containers at a time, each in some 50 ms of work. */
export const CREATE_TIMEOUT_MS = 60_000;

const SIGKILL = 9;

/** Runs containers through the services of containerd, without its Kubernetes plugin. */
export class ContainerdEngine implements ContainerEngine {
  readonly kind = 'containerd';
  readonly features: EngineFeatures = {
    oomReports: true,
    userNamespaces: true,
    checkedBeforeStart: true,
  };
  readonly #options: ContainerdEngineOptions;
  readonly #client: ContainerdClient;
  readonly #files: ContainerFiles;
  readonly #records: ImageRecords;
  readonly #unpacker: ImageUnpacker;
  readonly #events: TaskEvents;
  readonly #output: LogDeliveries;
  /** Containers that got a SIGKILL from here. */
  readonly #killed = new Set<string>();
  readonly #cleanups: PendingCleanups;

  constructor(options: ContainerdEngineOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#files = new ContainerFiles(options.filesDir);
    this.#records = new ImageRecords(options);
    this.#unpacker = new ImageUnpacker(options);
    this.#events = new TaskEvents(options);
    this.#output = new LogDeliveries(options.logger);
    this.#cleanups = new PendingCleanups(options.client, options.logger);
  }

  async version(): Promise<string> {
    return (await this.#client.call(VERSION, {})).version;
  }

  async unpack(
    image: VerifiedImage,
    options: { readonly signal: AbortSignal; readonly onProgress: (fraction: number) => void },
  ): Promise<void> {
    options.signal.throwIfAborted();
    if (!(await this.#records.isReady(image))) {
      await withLease(this.#client, async (lease) => {
        await this.#unpacker.unpack(image.layers, { lease, ...options });
        await this.#records.add(image);
      });
    }
    options.onProgress(1);
  }

  images(): Promise<readonly string[]> {
    return this.#records.pins();
  }

  async removeImage(pin: string): Promise<void> {
    await this.#records.remove(pin);
  }

  async create(spec: ContainerSpec, image: VerifiedImage, logs: LogSink): Promise<EngineContainer> {
    const { id, labels } = spec;
    const pipes = this.#files.make(id);
    pipes.catch(() => undefined);
    try {
      const container = containerRecord(spec, image, this.#cgroupOf(id), this.#options);
      await this.#client.call(CONTAINERS.create, { container });
      const pid = await this.#createTask(spec, image, { pipes, logs });
      return { id, labels, state: 'created', pid };
    } catch (error) {
      await pipes.catch(() => undefined);
      // A second attempt must not take down what the first one made.
      if (grpcStatus(error) !== status.ALREADY_EXISTS) await this.#undo(id, error);
      await this.#output.closeUnused(logs);
      throw error;
    }
  }

  async start(id: string): Promise<void> {
    try {
      await this.#client.call(TASKS.start, { containerId: id });
    } catch (error) {
      // An earlier attempt whose answer was lost may have succeeded.
      if (!isRefusal(error) || (await this.#task(id))?.status !== 'RUNNING') throw error;
    }
  }

  async attachLogs(id: string, logs: LogSink): Promise<void> {
    const task = await this.#task(id);
    await this.#output.stop(id);
    // Nobody will ever write to the pipes of a container that has ended, and nobody has kept what was in them.
    if (task === undefined || task.status === 'STOPPED') await logs.close();
    else await this.#output.start(id, this.#files.pipesOf(id), logs);
  }

  async wait(id: string, signal: AbortSignal): Promise<EngineExit> {
    const exit = await taskExit(this.#client, { containerId: id }, signal);
    await this.#output.finish(id);
    if (exit === undefined) return { code: undefined, outOfMemory: false };
    const outOfMemory = endedOutOfMemory({
      code: exit.exitStatus,
      endedAt: millisecondsOf(exit.exitedAt),
      lastEvent: this.#events.lastOutOfMemory(id),
      killedByUs: this.#killed.has(id),
      oomKills: await readOomKills(this.#cgroupOf(id)),
    });
    return { code: exit.exitStatus, outOfMemory };
  }

  async inspect(id: string): Promise<EngineContainer | undefined> {
    const [record, task] = await Promise.all([
      this.#client.call(CONTAINERS.get, { id }).catch(undefinedIfMissing),
      this.#task(id),
    ]);
    const container = record?.container ?? undefined;
    return container === undefined ? undefined : engineContainer(container, task);
  }

  async list(): Promise<readonly EngineContainer[]> {
    const [{ containers }, { tasks }] = await Promise.all([
      this.#client.call(CONTAINERS.list, { filters: [] }),
      this.#client.call(TASKS.list, { filter: '' }),
    ]);
    const byId = new Map(tasks.map((task) => [task.id, task]));
    return containers.map((container) => engineContainer(container, byId.get(container.id)));
  }

  async kill(id: string, signal: number, all: boolean): Promise<void> {
    if (signal === SIGKILL) this.#killed.add(id);
    await this.#client.call(TASKS.kill, { containerId: id, signal, all }).catch(ignoreEnded);
  }

  exec(id: string, request: ExecRequest): Promise<ExecResult> {
    const exec = new TaskExec({ client: this.#client, files: this.#files }, id);
    return exec.run(request, (cleanup) => {
      void this.#cleanups.track(cleanup, id);
    });
  }

  async remove(id: string): Promise<void> {
    this.#killed.add(id);
    const drain = await this.#output.drain(id, this.#files.pipesOf(id));
    try {
      await removeContainer(this.#options, id);
    } finally {
      await drain?.stop();
    }
    await this.#output.finish(id);
    await this.#output.stop(id);
    await this.#files.remove(id);
    this.#events.forget(id);
    this.#killed.delete(id);
  }

  async close(): Promise<void> {
    await this.#events.close();
    this.#client.close();
    this.#files.close();
    this.#options.release();
    await this.#output.close();
    await this.#cleanups.settled();
  }

  async #createTask(
    spec: ContainerSpec,
    image: VerifiedImage,
    output: { readonly pipes: Promise<OutputPipes>; readonly logs: LogSink },
  ): Promise<number> {
    const { id } = spec;
    const { snapshotter, bootId } = this.#options;
    // After the record that refers to it: an unreferenced snapshot may be collected at any moment.
    const parent = imageSnapshotName(bootId, image);
    const mounts = await prepareSnapshot(this.#client, { snapshotter, key: id, parent });
    if (spec.userNamespaceBase !== undefined) await makeMountPoints(mounts, spec);
    const pipes = await output.pipes;
    // Before the task exists: its shim opens the pipes, and waits for a reader.
    await this.#output.start(id, pipes, output.logs);
    const streams = { stdin: '', ...pipes, terminal: false };
    const task = { containerId: id, rootfs: mounts, ...streams };
    const { pid } = await this.#client.call(TASKS.create, task, { timeoutMs: CREATE_TIMEOUT_MS });
    return pid;
  }

  /** Removes what a failed attempt has made. */
  async #undo(id: string, error: unknown): Promise<void> {
    const cleanup = this.#cleanups.trackPatiently(() => this.remove(id), id);
    // While containerd does not answer, nobody should wait for it.
    if (!isOutage(error)) await cleanup;
  }

  async #task(id: string): Promise<TaskProcess | undefined> {
    const found = await this.#client.call(TASKS.get, { containerId: id }).catch(undefinedIfMissing);
    return found?.process ?? undefined;
  }

  #cgroupOf(id: string): string {
    return `${this.#options.cgroupParent}/${id}`;
  }
}

function millisecondsOf(time: Time | null): number {
  return time === null ? Date.now() : time.seconds * 1_000;
}
