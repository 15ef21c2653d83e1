// SPDX-License-Identifier: Apache-2.0
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  ContainerEngine,
  EngineContainer,
  EngineExit,
  EngineFeatures,
  ExecRequest,
  ExecResult,
} from '../container/container-engine.ts';
import { CONTAINER_LABELS, type ContainerSpec } from '../container/container-spec.ts';
import { LauncherError } from '../errors.ts';
import type { VerifiedImage } from '../image/verified-image.ts';
import type { LogSink } from '../logs/log-sink.ts';
import { objectOf, textIn } from './answer-fields.ts';
import { waitForEnd } from './container-end.ts';
import { containerRequest, type ContainerPlacement } from './container-request.ts';
import { memoryGroupOf, processesIn, removeControlGroup } from './control-group.ts';
import type { EngineRequest, EngineSocket } from './engine-socket.ts';
import { LOG_FILE_NAME, LogFollower } from './log-follower.ts';
import { podmanContainerOf, podmanContainersOf, type PodmanContainer } from './podman-container.ts';
import { execInPodman } from './podman-exec.ts';
import { imageId, LIBPOD, PodmanImages, type UnpackOptions } from './podman-images.ts';
import { sendSignal, SIGKILL } from './send-signal.ts';

/** What a {@link PodmanEngine} works with. */
export interface PodmanEngineOptions {
  readonly engine: EngineSocket;
  /** First 8 hex digits that tell this launcher's containers and images from another's. */
  readonly owner: string;
  /** For the output of containers until it has been read. */
  readonly logDirectory: string;
  readonly seccompFile: string;
  /** Control group for a group of each container; `undefined` when systemd places them. */
  readonly cgroupParent: string | undefined;
  readonly maxUserProcesses: number;
  readonly features: EngineFeatures;
  /** Names this boot of the VM. */
  readonly bootId: string;
  /** Podman's store of images, if others use it too. */
  readonly sharedRoot?: string | undefined;
}

/** Containers on podman, through its service's socket. */
export class PodmanEngine implements ContainerEngine {
  readonly kind = 'podman' as const;
  readonly features: EngineFeatures;
  readonly #options: PodmanEngineOptions;
  readonly #engine: EngineSocket;
  readonly #images: PodmanImages;
  readonly #followers = new Map<string, LogFollower>();
  /** Containers that have been sent a SIGKILL: whoever asks why they ended should not suspect the kernel. */
  readonly #killed = new Set<string>();

  constructor(options: PodmanEngineOptions) {
    this.features = options.features;
    this.#options = options;
    this.#engine = options.engine;
    const { engine, owner, bootId, sharedRoot } = options;
    this.#images = new PodmanImages(engine, owner, bootId, sharedRoot);
  }

  async version(): Promise<string> {
    const path = `${LIBPOD}/version`;
    const answer = await this.#engine.call({ method: 'GET', what: 'tell its version', path });
    return textIn(objectOf(answer, 'version'), 'Version');
  }

  async unpack(image: VerifiedImage, options: UnpackOptions): Promise<void> {
    await this.#images.unpack(image, options);
  }

  async images(): Promise<readonly string[]> {
    return this.#images.list();
  }

  async removeImage(pin: string): Promise<void> {
    await this.#images.remove(pin);
  }

  async create(spec: ContainerSpec, image: VerifiedImage, logs: LogSink): Promise<EngineContainer> {
    const { id } = spec;
    await mkdir(this.#logDirectory(id), { recursive: true, mode: 0o700 });
    try {
      await this.#engine.call({
        method: 'POST',
        what: `create container ${id}`,
        path: `${LIBPOD}/containers/create`,
        body: containerRequest(spec, this.#placement(id, image)),
      });
      // Its first process, confined, before it becomes the image's program.
      await this.#engine.call(this.#request('POST', id, 'prepare', '/init'));
      const container = await this.#require(id);
      refuseOtherImage(container, image);
      this.#followers.set(id, new LogFollower(this.#logDirectory(id), logs));
      return engineContainer(container);
    } catch (error) {
      await this.remove(id).catch(() => undefined);
      throw error;
    }
  }

  async start(id: string): Promise<void> {
    await this.#engine.call(this.#request('POST', id, 'start', '/start'));
  }

  async attachLogs(id: string, logs: LogSink): Promise<void> {
    await this.#followers.get(id)?.stop();
    this.#followers.set(id, new LogFollower(this.#logDirectory(id), logs));
  }

  async wait(id: string, signal: AbortSignal): Promise<EngineExit> {
    const exit = await waitForEnd({
      inspect: () => this.#inspect(id),
      wasKilled: () => this.#killed.has(id),
      signal,
    });
    await this.#followers.get(id)?.finish();
    return exit;
  }

  async inspect(id: string): Promise<EngineContainer | undefined> {
    const container = await this.#inspect(id);
    return container === undefined ? undefined : engineContainer(container);
  }

  async list(): Promise<readonly EngineContainer[]> {
    const label = `${CONTAINER_LABELS.owner}=${this.#options.owner}`;
    const answer = await this.#engine.call({
      method: 'GET',
      what: 'list containers',
      path: `${LIBPOD}/containers/json`,
      query: { all: 'true', filters: { label: [label] } },
    });
    return podmanContainersOf(answer);
  }

  async kill(id: string, signal: number, all: boolean): Promise<void> {
    const container = await this.#inspect(id);
    const pid = container?.pid;
    if (pid === undefined || container?.state === 'stopped') return;
    if (signal === SIGKILL) this.#killed.add(id);
    // The end of a first process ends all in its pid namespace.
    const others = all && signal !== SIGKILL ? await processesOf(pid) : [];
    // Podman refuses to send a signal to a process that it has not started yet, so it is not asked.
    for (const target of new Set([pid, ...others])) sendSignal(target, signal);
  }

  async exec(id: string, request: ExecRequest): Promise<ExecResult> {
    return execInPodman(this.#engine, id, request);
  }

  async remove(id: string): Promise<void> {
    // A container that ends at this moment, or whose watching process was killed, is in another state than podman thought
    // at first. It knows better the second time.
    await this.#delete(id).catch(() => this.#delete(id));
    await this.#followers.get(id)?.finish();
    this.#followers.delete(id);
    this.#killed.delete(id);
    await rm(this.#logDirectory(id), { recursive: true, force: true });
    const group = this.#controlGroup(id);
    if (group !== undefined) await removeControlGroup(group);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#followers.values()].map((follower) => follower.stop()));
    this.#followers.clear();
    this.#engine.close();
  }

  async #inspect(id: string): Promise<PodmanContainer | undefined> {
    const answer = await this.#engine.callIfThere(this.#request('GET', id, 'inspect', '/json'));
    return answer === undefined ? undefined : podmanContainerOf(answer);
  }

  async #delete(id: string): Promise<void> {
    await this.#engine.callIfThere({
      ...this.#request('DELETE', id, 'remove', ''),
      query: { force: 'true', v: 'true', timeout: '0' },
    });
  }

  async #require(id: string): Promise<PodmanContainer> {
    const container = await this.#inspect(id);
    if (container !== undefined) return container;
    const message = `podman has lost container ${id}`;
    throw new LauncherError('ERR_LAUNCHER_ENGINE_UNAVAILABLE', message);
  }

  #request(
    method: EngineRequest['method'],
    id: string,
    verb: string,
    suffix: string,
  ): EngineRequest {
    const path = `${LIBPOD}/containers/${encodeURIComponent(id)}${suffix}`;
    return { method, what: `${verb} container ${id}`, path };
  }

  #placement(id: string, image: VerifiedImage): ContainerPlacement {
    return {
      owner: this.#options.owner,
      imageId: imageId(image),
      cgroupParent: this.#controlGroup(id),
      seccompFile: this.#options.seccompFile,
      logFile: join(this.#logDirectory(id), LOG_FILE_NAME),
      maxUserProcesses: this.#options.maxUserProcesses,
    };
  }

  #logDirectory(id: string): string {
    return join(this.#options.logDirectory, id);
  }

  /** A leaf of its own, in which podman keeps the container's group and that of the process that watches it. */
  #controlGroup(id: string): string | undefined {
    const parent = this.#options.cgroupParent;
    return parent === undefined ? undefined : `${parent}/${id}`;
  }
}

function engineContainer({ id, labels, state, pid }: PodmanContainer): EngineContainer {
  return { id, labels, state, pid };
}

function refuseOtherImage(container: PodmanContainer, image: VerifiedImage): void {
  const expected = imageId(image);
  if (container.imageId === expected) return;
  const message = `podman made container ${container.id} from another image`;
  const details = { expected, seen: container.imageId };
  throw new LauncherError('ERR_LAUNCHER_IMAGE_MISMATCH', message, details);
}

async function processesOf(pid: number): Promise<readonly number[]> {
  const group = await memoryGroupOf(pid);
  return group === undefined ? [] : processesIn(group);
}
