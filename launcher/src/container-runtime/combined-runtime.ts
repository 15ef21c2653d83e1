// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig, UserAndGroup } from '@proofgate/api';
import { measureWorkload } from '../measurement/measure-workload.ts';
import type { MeasuredWorkload } from '../measurement/measured-workload.ts';
import type { ProcessRuntime } from '../process/process-runtime.ts';
import type {
  InstanceRecord,
  KeptInstance,
  PrepareOptions,
  RunningInstance,
  Runtime,
  StartOptions,
  VmListener,
} from '../supervision/runtime.ts';
import type { ContainerHost } from './container-host.ts';

/** Runs each workload in the way that it asks for. */
export class CombinedRuntime implements Runtime {
  readonly #processes: ProcessRuntime;
  readonly #containers: ContainerHost;

  constructor(processes: ProcessRuntime, containers: ContainerHost) {
    this.#processes = processes;
    this.#containers = containers;
  }

  admit(workload: ContainerConfig): void {
    if (isProcess(workload)) this.#processes.admit(workload);
    else this.#containers.admit(workload);
  }

  listenerOf(workload: ContainerConfig): VmListener | undefined {
    return isProcess(workload) ? this.#processes.listenerOf(workload) : undefined;
  }

  measure(workload: ContainerConfig): Promise<MeasuredWorkload> {
    return measureWorkload(workload, this.#containers.execAllowed);
  }

  async prepare(measured: MeasuredWorkload, options: PrepareOptions): Promise<void> {
    const runtime: Runtime = await this.#runtimeOf(measured.config);
    await runtime.prepare(measured, options);
  }

  async ownerOf(measured: MeasuredWorkload): Promise<UserAndGroup | undefined> {
    return (await this.#runtimeOf(measured.config)).ownerOf(measured);
  }

  async start(measured: MeasuredWorkload, options?: StartOptions): Promise<RunningInstance> {
    const runtime: Runtime = await this.#runtimeOf(measured.config);
    return runtime.start(measured, options);
  }

  async adopt(
    record: InstanceRecord,
    measured: MeasuredWorkload | undefined,
  ): Promise<RunningInstance | undefined> {
    if (record.runtime === 'process') return this.#processes.adopt(record, measured);
    return (await this.#containers.open()).adopt(record, measured);
  }

  async findStrays(kept: readonly KeptInstance[]): Promise<readonly RunningInstance[]> {
    const processes = await this.#processes.findStrays(kept);
    const containers = await this.#containers.runtime?.findStrays(kept);
    return [...processes, ...(containers ?? [])];
  }

  fitsBeside(present: MeasuredWorkload, next: MeasuredWorkload): boolean {
    const both = isProcess(present.config) && isProcess(next.config);
    return !both || this.#processes.fitsBeside(present, next);
  }

  async release(measured: MeasuredWorkload): Promise<void> {
    if (!isProcess(measured.config)) await this.#containers.runtime?.release(measured);
  }

  async collectGarbage(needed: ReadonlySet<string>): Promise<void> {
    await this.#containers.runtime?.collectGarbage(needed);
  }

  #runtimeOf(workload: ContainerConfig): Promise<Runtime> {
    return isProcess(workload) ? Promise.resolve(this.#processes) : this.#containers.open();
  }
}

function isProcess({ runtime }: ContainerConfig): boolean {
  return runtime === 'process';
}
