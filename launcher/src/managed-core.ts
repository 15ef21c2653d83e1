// SPDX-License-Identifier: Apache-2.0
import type { AttestationServer, ContainerConfig, EngineStatus } from '@proofgate/api';
import type { RuntimeEvent } from '@proofgate/evidence';
import type { ContainerHost } from './container-runtime/container-host.ts';
import { LauncherError } from './errors.ts';
import type { PlatformIdentity } from './gateway/gateway-state.ts';
import type { LauncherCore } from './launcher-core.ts';
import type { ManagedLauncher } from './management/launcher-target.ts';
import type { ManagementView } from './management/management-socket.ts';
import type { CaInForce, ManagementTarget } from './management/management-target.ts';
import { volumeList } from './management/volume-list.ts';
import type { AcceptedWorkload } from './running-launcher.ts';
import type { InstanceRecord, RunningInstance } from './supervision/runtime.ts';
import type { WorkloadSummary } from './supervision/workload-summary.ts';
import type { WorkloadEndpoint } from './workload-api/workload-endpoint.ts';

/** What is behind the management API. */
export interface ManagedCoreOptions {
  readonly view: ManagementView;
  /** `undefined` until the launcher is at work. */
  readonly core: () => LauncherCore | undefined;
  /** Whether the core has ended the workloads. */
  readonly isOver: () => boolean;
  readonly containers: ContainerHost;
  readonly identity: PlatformIdentity;
  /** With a directory of logs for each workload. */
  readonly logsDir: string;
}

/** The launcher as the management API works on it, from the moment on at which its sockets are there. */
export class ManagedCore implements ManagedLauncher {
  readonly logsDir: string;
  readonly #options: ManagedCoreOptions;

  constructor(options: ManagedCoreOptions) {
    this.#options = options;
    this.logsDir = options.logsDir;
  }

  ready(): boolean {
    return this.#options.view.ready();
  }

  isOver(): boolean {
    return this.#options.isOver();
  }

  workloads(): readonly WorkloadSummary[] {
    return this.#options.view.workloads();
  }

  eventLog(): readonly RuntimeEvent[] {
    return this.#options.view.eventLog();
  }

  firmwareLog(): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#options.identity.ccel);
  }

  async load(container: ContainerConfig): Promise<AcceptedWorkload> {
    return this.#core().load(container);
  }

  async unload(name: string): Promise<void> {
    await this.#core().unload(name);
  }

  instanceOf(name: string): RunningInstance | undefined {
    return this.#options.core()?.fleet.instanceOf(name);
  }

  engineOf(runtime: InstanceRecord['runtime']): EngineStatus {
    const { inUse } = this.#options.containers;
    if (inUse?.kind !== runtime) return PROCESS_ENGINE;
    const { kind, version, features } = inUse;
    return {
      name: kind,
      version,
      oom_reports: features.oomReports,
      user_namespaces: features.userNamespaces,
      checked_before_start: features.checkedBeforeStart,
    };
  }

  isAwaitingConfig(name: string): boolean {
    return this.#options.core()?.endpointOf(name)?.awaitsConfiguration === true;
  }

  async setExtension(name: string, oid: string, value: Uint8Array): Promise<void> {
    await this.#endpoint(name).setExtension(oid, value);
  }

  async completeConfig(name: string): Promise<void> {
    await this.#endpoint(name).completeConfiguration();
  }

  async volumes(): ReturnType<ManagementTarget['volumes']> {
    const { containers, core } = this.#options;
    const encrypted = await containers.storage.list();
    const directories = await containers.storage.directories();
    return volumeList({ encrypted, directories }, core()?.fleet.declared ?? []);
  }

  async resizeVolume(name: string, bytes: number): Promise<void> {
    await this.#options.containers.storage.grow(name, bytes);
  }

  async deleteVolume(name: string): Promise<void> {
    await this.#options.containers.storage.destroy(name);
  }

  async replaceCa(certificatePem: string, keyPem: string): Promise<CaInForce> {
    return this.#core().replaceCa(certificatePem, keyPem);
  }

  async setAttestationServers(servers: readonly AttestationServer[]): Promise<string> {
    return this.#core().setAttestationServers(servers.map(({ url }) => url));
  }

  #core(): LauncherCore {
    const core = this.#options.core();
    if (core !== undefined) return core;
    throw new LauncherError('ERR_LAUNCHER_WORKLOAD_STATE', 'the launcher is still starting');
  }

  #endpoint(name: string): WorkloadEndpoint {
    const endpoint = this.#core().endpointOf(name);
    if (endpoint !== undefined) return endpoint;
    throw new LauncherError('ERR_LAUNCHER_WORKLOAD_STATE', `workload ${name} has not been started`);
  }
}

/** What a process can be told apart by is its exit status alone. */
const PROCESS_ENGINE: EngineStatus = {
  name: 'process',
  oom_reports: false,
  user_namespaces: false,
  checked_before_start: false,
};
