// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { chmod, stat } from 'node:fs/promises';
import type { ContainerConfig, HostPort, UserAndGroup } from '@proofgate/api';
import { verifyConfinement } from '../container/confinement/verify-confinement.ts';
import type { EngineContainer } from '../container/container-engine.ts';
import type { ContainerSpec } from '../container/container-spec.ts';
import { containerUser } from '../container/user/container-user.ts';
import { userNamespaceBase } from '../container/user/user-namespace-base.ts';
import { LauncherError } from '../errors.ts';
import type { MeasuredWorkload } from '../measurement/measured-workload.ts';
import type {
  ContainerRecord,
  InstanceRecord,
  KeptInstance,
  PrepareOptions,
  RunningInstance,
  Runtime,
  StartOptions,
} from '../supervision/runtime.ts';
import { verifyAdoption } from './adoption.ts';
import { ContainerInstance } from './container-instance.ts';
import type { ContainerRuntimeParts } from './container-runtime-parts.ts';
import { measureContainer } from './measure-container.ts';
import { PreparedImages } from './prepared-images.ts';
import { removeForGood, untilAvailable, type RetryContext } from './until-available.ts';

/** Random part of a container's identifier: two starts of a workload never share one. */
const ID_BYTES = 4;

/** How often the firewall rules are looked at; something else may have emptied the whole rule set. */
const RULES_CHECK_MS = 10_000;

/**
 * Runs workloads as containers of one engine. A container is created, found to be confined as it is declared, connected,
 * and only then started; whatever fails in between, nothing of it is left.
 */
export class ContainerRuntime implements Runtime {
  readonly #parts: ContainerRuntimeParts;
  readonly #retry: RetryContext;
  readonly #images: PreparedImages;
  /** Places of versions of workloads, which they keep from one start to the next. */
  readonly #slots = new Map<MeasuredWorkload, number>();
  #rulesChecked = performance.now();

  constructor(parts: ContainerRuntimeParts) {
    this.#parts = parts;
    this.#images = new PreparedImages(parts);
    this.#retry = { logger: parts.logger, random: parts.random };
  }

  admit(workload: ContainerConfig): void {
    this.#parts.preparation.admit(workload);
  }

  /** A container listens in a network of its own. */
  listenerOf(): undefined {
    return undefined;
  }

  measure(workload: ContainerConfig): Promise<MeasuredWorkload> {
    return Promise.resolve(measureContainer(workload, this.#parts.execAllowed));
  }

  prepare({ imageRef }: MeasuredWorkload, options: PrepareOptions): Promise<void> {
    return this.#images.prepare(imageRef, options);
  }

  async ownerOf(measured: MeasuredWorkload): Promise<UserAndGroup> {
    const { config } = measured;
    const user = await containerUser(config, await this.#images.of(measured));
    const mapped = config.isolation?.user_namespace === true;
    const base = mapped ? userNamespaceBase(this.#parts.owner, config.name) : 0;
    return { uid: base + user.uid, gid: base + user.gid };
  }

  async start(measured: MeasuredWorkload, options: StartOptions = {}): Promise<RunningInstance> {
    const { preparation, logs, engine } = this.#parts;
    const { config } = measured;
    const image = await this.#images.of(measured);
    const id = `${config.name}-${randomBytes(ID_BYTES).toString('hex')}`;
    const spec = await preparation.prepare({
      id,
      workload: config,
      image,
      specDigest: measured.specDigest,
      socketDirectory: options.socketDirectory,
      storage: await this.#parts.storage.open(measured, await this.ownerOf(measured)),
    });
    if (spec.userNamespaceBase !== undefined) await this.#letPass();
    try {
      const created = await engine.create(spec, image, await logs.open(config.name));
      return await this.#run(created, spec, measured);
    } catch (error) {
      await this.#undo(id);
      throw error;
    }
  }

  async adopt(
    record: InstanceRecord,
    measured: MeasuredWorkload | undefined,
  ): Promise<RunningInstance | undefined> {
    const { engine, network, logs } = this.#parts;
    if (record.runtime === 'process') throw foreign(record);
    if (record.runtime !== engine.kind) {
      await this.#endElsewhere(record);
      return undefined;
    }
    const found = await untilAvailable(() => engine.inspect(record.id), this.#retry);
    if (found?.state !== 'running' || !(await this.#isWhatItWas(found, measured))) {
      await this.#undo(record.id);
      return undefined;
    }
    if (measured !== undefined) {
      this.#parts.storage.use(measured);
      this.#slots.set(measured, record.slot);
      const sink = await logs.open(measured.config.name);
      await untilAvailable(() => engine.attachLogs(record.id, sink), this.#retry);
    }
    const address = { host: network.addressOf(record.slot), port: record.port };
    return this.#instance(record, found.pid, address);
  }

  /** Everything with our label that has not been taken over. */
  async findStrays(kept: readonly KeptInstance[]): Promise<readonly RunningInstance[]> {
    const { engine, preparation } = this.#parts;
    const known = new Set(
      kept.map(({ record }) => (record.runtime === 'process' ? '' : record.id)),
    );
    const all = await untilAvailable(() => engine.list(), this.#retry);
    const strays = all.filter(({ id }) => !known.has(id));
    await preparation.reconcile(new Set(all.map(({ id }) => id)));
    const running: RunningInstance[] = [];
    for (const { id, pid, state } of strays) {
      if (state === 'running') running.push(this.#stray(id, pid));
      else await this.#undo(id);
    }
    return running;
  }

  /** Each container has an address of its own. */
  fitsBeside(): boolean {
    return true;
  }

  async release(measured: MeasuredWorkload): Promise<void> {
    await this.#parts.storage.release(measured);
    const slot = this.#slots.get(measured);
    if (slot === undefined) return;
    await this.#parts.network.detach(slot);
    this.#slots.delete(measured);
  }

  async collectGarbage(needed: ReadonlySet<string>): Promise<void> {
    await this.#images.collectGarbage(needed);
  }

  async #run(
    { id, pid }: EngineContainer,
    spec: ContainerSpec,
    measured: MeasuredWorkload,
  ): Promise<RunningInstance> {
    const { engine, network } = this.#parts;
    // Engines that cannot show a container before it runs are not opened in the first place.
    if (pid === undefined || !engine.features.checkedBeforeStart) {
      throw new LauncherError(
        'ERR_LAUNCHER_START_FAILED',
        `container ${id} has no process to be checked`,
      );
    }
    await this.#verify(pid, spec);
    const slot = this.#takeSlot(measured);
    const egress = measured.config.isolation?.egress === 'internet';
    await network.attach(pid, { slot, egress });
    await engine.start(id);
    const { port } = measured.config;
    const record: ContainerRecord = {
      runtime: engine.kind,
      ...{ id, slot, port, egress },
      stopSignal: spec.stopSignal,
      startedAt: Date.now(),
    };
    return this.#instance(record, pid, { host: network.addressOf(slot), port });
  }

  /** What nobody wants any more is only ended: it need not be what it was. */
  async #isWhatItWas(
    found: EngineContainer,
    measured: MeasuredWorkload | undefined,
  ): Promise<boolean> {
    if (measured === undefined) return true;
    const { preparation, logger } = this.#parts;
    try {
      const image = await this.#images.of(measured);
      await verifyAdoption({ found, measured, image, preparation });
      return true;
    } catch (err) {
      logger.error({ err, id: found.id }, 'container cannot be taken over and is ended');
      return false;
    }
  }

  async #verify(pid: number, spec: ContainerSpec): Promise<void> {
    const hidden = await verifyConfinement(pid, spec);
    if (hidden.length === 0) return;
    const facts = { workload: spec.workload, settings: hidden };
    this.#parts.logger.debug(facts, 'the kernel does not show these settings of a container');
  }

  #instance(record: ContainerRecord, pid: number | undefined, address: HostPort): RunningInstance {
    return new ContainerInstance({
      engine: this.#parts.engine,
      ...{ record, pid, address },
      retry: this.#retry,
      release: () => this.#parts.preparation.release(record.id),
      maintain: () => this.#checkRules(),
    });
  }

  #stray(id: string, pid: number | undefined): RunningInstance {
    const { engine, network } = this.#parts;
    const record = {
      runtime: engine.kind,
      ...{ id, slot: 0, port: 0, egress: false, startedAt: 0 },
      stopSignal: SIGTERM,
    };
    return this.#instance(record, pid, { host: network.addressOf(0), port: 0 });
  }

  /** The root of a container with a user namespace is somebody else in the VM, who has to get to the container's files. */
  async #letPass(): Promise<void> {
    const { mode } = await stat(this.#parts.runDir);
    await chmod(this.#parts.runDir, (mode & 0o777) | SEARCH_FOR_ALL);
  }

  #takeSlot(measured: MeasuredWorkload): number {
    const slot = this.#slots.get(measured) ?? this.#parts.network.takeSlot();
    this.#slots.set(measured, slot);
    return slot;
  }

  /** Leaves nothing of a container that did not come to run. */
  async #undo(id: string): Promise<void> {
    const { engine, preparation } = this.#parts;
    await removeForGood(() => engine.remove(id), this.#retry);
    await preparation.release(id);
  }

  async #endElsewhere({ id, runtime }: ContainerRecord): Promise<void> {
    const { engine, shutDown } = await this.#parts.openOther(runtime);
    this.#parts.logger.info({ id, engine: runtime }, 'ending a container of another engine');
    try {
      await removeForGood(() => engine.remove(id), this.#retry);
    } finally {
      await shutDown();
    }
    await this.#parts.preparation.release(id);
  }

  async #checkRules(): Promise<void> {
    const now = performance.now();
    if (now - this.#rulesChecked < RULES_CHECK_MS) return;
    this.#rulesChecked = now;
    const { network, logger } = this.#parts;
    if (await network.ensureRules()) {
      logger.error('the firewall rules of the containers were missing and are back');
    }
  }
}

const SIGTERM = 15;

const SEARCH_FOR_ALL = 0o001;

function foreign({ runtime }: InstanceRecord): LauncherError {
  return new LauncherError('ERR_LAUNCHER_RUNTIME_UNAVAILABLE', 'a process is not a container', {
    seen: runtime,
  });
}
