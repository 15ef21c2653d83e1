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
import { removeContainer } from './container-removal.ts';
import type { ContainerdClient } from './containerd-client.ts';
import {
  grpcStatus,
  ignoreMissing,
  isOutage,
  isRefusal,
  undefinedIfMissing,
} from './containerd-error.ts';
import { ContainerFiles, type OutputPipes } from './container-files.ts';
import { ImageRecords } from './image-records.ts';
import { ImageUnpacker } from './image-unpacker.ts';
import { withLease } from './lease.ts';
import { LogDelivery } from './log-delivery.ts';
import type { ContainerRecord, TaskProcess, Time } from './messages.ts';
import { CONTAINERS, RUNC_OPTIONS, TASKS, VERSION } from './methods.ts';
import { makeMountPoints } from './mount-points.ts';
import { endedOutOfMemory, readOomKills } from './out-of-memory.ts';
import { packSpec } from './runtime-document.ts';
import { imageName, imageSnapshotName } from './snapshot-name.ts';
import { prepareSnapshot } from './snapshot-preparation.ts';
import { TaskEvents } from './task-events.ts';
import { TaskExec } from './task-exec.ts';
import { taskExit } from './task-exit.ts';

/** What the engine is made of. */
export interface ContainerdEngineOptions {
  /** Closed together with the engine. */
  readonly client: ContainerdClient;
  /** The client's; holds nothing but what belongs to this launcher. */
  readonly namespace: string;
  readonly snapshotter: string;
  /** 32 hex digits that the kernel drew at random when it booted. */
  readonly bootId: string;
  /** Directory for the pipes of containers; a reboot empties it, a restart of the launcher does not. */
  readonly filesDir: string;
  readonly runc: {
    /** Path of the program. */
    readonly program: string;
    /** Directory for its state, ours alone. */
    readonly root: string;
  };
  /** Control group of which every container's is a child, such as `/proofgate-0a1b2c3d`. */
  readonly cgroupParent: string;
  /** Writes a container down for the OCI runtime. */
  readonly runtimeSpec: (
    spec: ContainerSpec,
    placement: { readonly cgroupsPath: string },
  ) => object;
  /** Called when the connection has broken, before it is made again; settles when that makes sense. */
  readonly revive: () => Promise<void>;
  /** Called when the engine is closed. */
  readonly release: () => void;
  readonly logger: Logger;
}

/** Name of the shim for runc, in every containerd since 1.3. */
const RUNTIME = 'io.containerd.runc.v2';

/** A busy machine creates many containers at a time, each in some 50 ms of work. */
export const CREATE_TIMEOUT_MS = 60_000;

/** How long the end of a container waits for the rest of its output, which a slow disk may hold up. */
export const OUTPUT_GRACE_MS = 2_000;

/** How often what a failed attempt has left is tried to be removed; each attempt waits for containerd to come back. */
const UNDO_ATTEMPTS = 5;

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
  readonly #deliveries = new Map<string, LogDelivery>();
  /** Sinks that a delivery closes, or has closed. */
  readonly #delivered = new WeakSet<LogSink>();
  /** Containers that got a SIGKILL from here. */
  readonly #killed = new Set<string>();
  readonly #cleanups = new Set<Promise<void>>();

  constructor(options: ContainerdEngineOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#files = new ContainerFiles(options.filesDir);
    this.#records = new ImageRecords(options);
    this.#unpacker = new ImageUnpacker(options);
    this.#events = new TaskEvents(options);
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
      await this.#client.call(CONTAINERS.create, { container: this.#recordOf(spec, image) });
      const pid = await this.#createTask(spec, image, { pipes, logs });
      return { id, labels, state: 'created', pid };
    } catch (error) {
      await pipes.catch(() => undefined);
      // A second attempt must not take down what the first one made.
      if (grpcStatus(error) !== status.ALREADY_EXISTS) await this.#undo(id, error);
      if (!this.#delivered.has(logs)) await logs.close();
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
    await this.#deliveries.get(id)?.stop();
    // Nobody will ever write to the pipes of a container that has ended, and nobody has kept what was in them.
    if (task === undefined || task.status === 'STOPPED') await logs.close();
    else await this.#deliver(id, this.#files.pipesOf(id), logs);
  }

  async wait(id: string, signal: AbortSignal): Promise<EngineExit> {
    const exit = await taskExit(this.#client, { containerId: id }, signal);
    await this.#deliveries.get(id)?.finish(OUTPUT_GRACE_MS);
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
    await this.#client.call(TASKS.kill, { containerId: id, signal, all }).catch(ignoreMissing);
  }

  exec(id: string, request: ExecRequest): Promise<ExecResult> {
    const exec = new TaskExec({ client: this.#client, files: this.#files }, id);
    return exec.run(request, (cleanup) => {
      void this.#track(cleanup, id);
    });
  }

  async remove(id: string): Promise<void> {
    this.#killed.add(id);
    const drain = await this.#drain(id);
    try {
      await removeContainer(this.#options, id);
    } finally {
      await drain?.stop();
    }
    const delivery = this.#deliveries.get(id);
    await delivery?.finish(OUTPUT_GRACE_MS);
    await delivery?.stop();
    await this.#files.remove(id);
    this.#events.forget(id);
    this.#killed.delete(id);
  }

  async close(): Promise<void> {
    await this.#events.close();
    this.#client.close();
    this.#files.close();
    this.#options.release();
    await Promise.all([...this.#deliveries.values()].map((delivery) => delivery.stop()));
    await Promise.all(this.#cleanups);
  }

  #recordOf(spec: ContainerSpec, image: VerifiedImage): ContainerRecord {
    const { snapshotter, runc, runtimeSpec } = this.#options;
    const base = spec.userNamespaceBase ?? 0;
    const options = RUNC_OPTIONS.encode({
      binaryName: runc.program,
      root: runc.root,
      // Whom the pipes behind stdout and stderr belong to, so that a program may open them again.
      ioUid: base + spec.uid,
      ioGid: base + spec.gid,
    });
    return {
      id: spec.id,
      labels: spec.labels,
      image: imageName(image.pin),
      runtime: {
        name: RUNTIME,
        options: { typeUrl: 'containerd.runc.v1.Options', value: options },
      },
      spec: packSpec(runtimeSpec(spec, { cgroupsPath: this.#cgroupOf(spec.id) })),
      snapshotter,
      snapshotKey: spec.id,
    };
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
    await this.#deliver(id, pipes, output.logs);
    const streams = { stdin: '', ...pipes, terminal: false };
    const task = { containerId: id, rootfs: mounts, ...streams };
    const { pid } = await this.#client.call(TASKS.create, task, { timeoutMs: CREATE_TIMEOUT_MS });
    return pid;
  }

  /** Removes what a failed attempt has made. */
  async #undo(id: string, error: unknown): Promise<void> {
    const cleanup = this.#track(this.#removePatiently(id), id);
    // While containerd does not answer, nobody should wait for it.
    if (!isOutage(error)) await cleanup;
  }

  async #removePatiently(id: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.remove(id);
        return;
      } catch (error) {
        if (this.#client.closed || !isOutage(error) || attempt === UNDO_ATTEMPTS) throw error;
      }
    }
  }

  async #deliver(id: string, pipes: OutputPipes, logs: LogSink): Promise<void> {
    const delivery = await LogDelivery.start(pipes, logs, this.#options.logger);
    this.#deliveries.set(id, delivery);
    this.#delivered.add(logs);
    void delivery.ended.then(() => {
      if (this.#deliveries.get(id) === delivery) this.#deliveries.delete(id);
    });
  }

  /** Reads what nobody wants: containerd forgets a task only when its output has been taken. */
  async #drain(id: string): Promise<LogDelivery | undefined> {
    if (this.#deliveries.has(id)) return undefined;
    const pipes = this.#files.pipesOf(id);
    return LogDelivery.start(pipes, NOWHERE, this.#options.logger).catch(() => undefined);
  }

  async #task(id: string): Promise<TaskProcess | undefined> {
    const found = await this.#client.call(TASKS.get, { containerId: id }).catch(undefinedIfMissing);
    return found?.process ?? undefined;
  }

  /** Remembers work that goes on behind a result, until it is done. */
  #track(work: Promise<void>, id: string): Promise<void> {
    const tracked = work.catch((err: unknown) => {
      if (this.#client.closed) return;
      this.#options.logger.warn({ err, id }, 'something of a container is left');
    });
    this.#cleanups.add(tracked);
    return tracked.finally(() => this.#cleanups.delete(tracked));
  }

  #cgroupOf(id: string): string {
    return `${this.#options.cgroupParent}/${id}`;
  }
}

/** Takes output and keeps none. */
const NOWHERE: LogSink = {
  lastTime: undefined,
  write: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

function engineContainer(
  { id, labels }: ContainerRecord,
  task: TaskProcess | undefined,
): EngineContainer {
  const state = stateOf(task);
  return { id, labels, state, pid: state === 'stopped' ? undefined : task?.pid };
}

/** A container without a task has never had one, or its machine was rebooted: nothing of it runs. */
function stateOf(task: TaskProcess | undefined): EngineContainer['state'] {
  if (task === undefined || task.status === 'STOPPED') return 'stopped';
  return task.status === 'CREATED' ? 'created' : 'running';
}

function millisecondsOf(time: Time | null): number {
  return time === null ? Date.now() : time.seconds * 1_000;
}
