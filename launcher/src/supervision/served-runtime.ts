// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig, UserAndGroup } from '@proofgate/api';
import type { MeasuredWorkload } from '../measurement/measured-workload.ts';
import type { WorkloadEndpoint } from '../workload-api/workload-endpoint.ts';
import type { WorkloadSockets } from '../workload-api/workload-sockets.ts';
import type {
  InstanceRecord,
  KeptInstance,
  PrepareOptions,
  RunningInstance,
  Runtime,
  VmListener,
} from './runtime.ts';

/** Gives every workload a socket of its own, around what another runtime does to run it. */
export class ServedRuntime implements Runtime {
  readonly #inner: Runtime;
  readonly #sockets: WorkloadSockets;
  /** Versions that have been started. */
  readonly #served = new Set<MeasuredWorkload>();

  constructor(inner: Runtime, sockets: WorkloadSockets) {
    this.#inner = inner;
    this.#sockets = sockets;
  }

  /** The endpoint of a version, once it has been started. */
  endpointOf(measured: MeasuredWorkload): WorkloadEndpoint | undefined {
    return this.#sockets.find(measured);
  }

  admit(workload: ContainerConfig): void {
    this.#inner.admit(workload);
  }

  listenerOf(workload: ContainerConfig): VmListener | undefined {
    return this.#inner.listenerOf(workload);
  }

  measure(workload: ContainerConfig): Promise<MeasuredWorkload> {
    return this.#inner.measure(workload);
  }

  prepare(measured: MeasuredWorkload, options: PrepareOptions): Promise<void> {
    return this.#inner.prepare(measured, options);
  }

  ownerOf(measured: MeasuredWorkload): Promise<UserAndGroup | undefined> {
    return this.#inner.ownerOf(measured);
  }

  async start(measured: MeasuredWorkload): Promise<RunningInstance> {
    this.#served.add(measured);
    const socketDirectory = await this.#sockets.give(measured);
    const owner = await this.#inner.ownerOf(measured);
    if (owner !== undefined) await this.#sockets.assign(measured, owner);
    const instance = await this.#inner.start(measured, { socketDirectory });
    await this.#sockets.started(measured, instance);
    return instance;
  }

  async adopt(
    record: InstanceRecord,
    measured: MeasuredWorkload | undefined,
  ): Promise<RunningInstance | undefined> {
    const instance = await this.#inner.adopt(record, measured);
    if (instance === undefined || measured === undefined) return instance;
    this.#served.add(measured);
    await this.#sockets.adopted(measured, instance);
    return instance;
  }

  findStrays(kept: readonly KeptInstance[]): Promise<readonly RunningInstance[]> {
    return this.#inner.findStrays(kept);
  }

  fitsBeside(present: MeasuredWorkload, next: MeasuredWorkload): boolean {
    return this.#inner.fitsBeside(present, next);
  }

  async release(measured: MeasuredWorkload): Promise<void> {
    this.#served.delete(measured);
    const endpoint = this.endpointOf(measured);
    // Versions that differ in nothing that is measured have one endpoint together.
    const shared = [...this.#served].some((other) => this.endpointOf(other) === endpoint);
    if (!shared) await this.#sockets.remove(measured);
    await this.#inner.release(measured);
  }

  collectGarbage(needed: ReadonlySet<string>): Promise<void> {
    return this.#inner.collectGarbage(needed);
  }
}
