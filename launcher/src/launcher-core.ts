// SPDX-License-Identifier: Apache-2.0
import { placeContainer, type ContainerConfig, type VmConfig } from '@proofgate/api';
import { attestationServersHash, toHex } from '@proofgate/evidence';
import { LauncherError } from './errors.ts';
import { gatewayContent, type WorkloadServing } from './gateway/gateway-state.ts';
import { PortGuard } from './gateway/port-guard.ts';
import { computePlan, planWorkload, type MeasurementPlan } from './measurement/measurement-plan.ts';
import type { LauncherParts } from './launcher-parts.ts';
import { NeededImages } from './needed-images.ts';
import type { CaInForce } from './management/management-target.ts';
import { PresentCa } from './measurement/present-ca.ts';
import type { FileClaims } from './supervision/file-claims.ts';
import { OneByOne } from './supervision/one-by-one.ts';
import type { AcceptedWorkload } from './running-launcher.ts';
import { startOrder } from './supervision/start-order.ts';
import { WorkloadFleet, type TakenOver } from './supervision/workload-fleet.ts';
import type { WorkloadSummary } from './supervision/workload-summary.ts';
import type { WorkloadEndpoint } from './workload-api/workload-endpoint.ts';

/** The proxy applies a state within milliseconds if it is there; if it is not, stopping does not wait for it. */
const FINAL_PUSH_MS = 500;

/** A launcher at work: its workloads, what is measured of them, and what the proxy is told. */
export class LauncherCore {
  readonly #parts: LauncherParts;
  readonly #fleet: WorkloadFleet;
  readonly #guard: PortGuard;
  readonly #claims: FileClaims;
  readonly #images: NeededImages;
  readonly #over = new AbortController();
  #config: VmConfig;
  #guarding: Promise<void> | undefined;
  /** One workload after the other is compared with those that are there. */
  readonly #loading = new OneByOne();
  readonly #reloading = new OneByOne();
  readonly #setting = new OneByOne();
  readonly #ca: PresentCa;
  #watching: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(parts: LauncherParts) {
    const { config, runtime, records, log, logger, timing, random, publisher } = parts;
    this.#parts = parts;
    this.#config = config;
    this.#ca = new PresentCa({
      ...{ files: parts.files, log, logger },
      certFile: config.platform.ca_cert,
      keyFile: config.platform.ca_key,
      onChange: () => {
        this.publish();
      },
    });
    this.#claims = parts.claims;
    this.#images = new NeededImages(parts.images, {
      ...{ runtime, logger, signal: this.#over.signal },
      present: () => this.#fleet.versions.flatMap(({ measured }) => measured.config.image ?? []),
    });
    this.#guard = new PortGuard({ ports: () => this.#guardedPorts(), logger });
    this.#fleet = new WorkloadFleet({
      ...{ runtime, records, log, logger, timing, random },
      workloads: parts.workloads,
      onServing: () => {
        this.publish();
        this.#images.collectSoon();
      },
      onLoaded: () => this.#save(),
      superseded: () => publisher.supersede(),
      switched: (hostname, signal) => publisher.switched(hostname, signal),
    });
  }

  /** Looks once who listens on the ports of the workloads. To be called before {@link start}. */
  async checkPorts(): Promise<void> {
    await this.#guard.check();
  }

  /**
   * Makes what runs known to the proxy, and starts the rest as soon as it may.
   *
   * @param taken - what already runs, by the name of its workload
   */
  start(taken: ReadonlyMap<string, TakenOver>): void {
    this.#fleet.start(taken);
    this.#guarding = this.#guard.watch(() => {
      this.publish();
    }, this.#over.signal);
    this.#watching = this.#ca.watch(this.#over.signal);
  }

  /** What is measured now, of the workloads that are loaded. */
  get plan(): MeasurementPlan {
    const measured = this.#fleet.loaded.map((workload) => workload.measured);
    return computePlan(this.#config, this.#ca.files, measured);
  }

  /** All workloads of which something is here. */
  get fleet(): WorkloadFleet {
    return this.#fleet;
  }

  /** What is known about each workload now. */
  workloads(): readonly WorkloadSummary[] {
    return this.#fleet.list().map((workload) => {
      // A workload whose port somebody else has is not well, whatever answers its health check.
      const looksWell = workload.state === 'running' || workload.state === 'healthy';
      const taken = looksWell && this.#guard.taken.has(workload.name);
      return taken ? { ...workload, state: 'unhealthy' as const } : workload;
    });
  }

  /** Tells the proxy what is served now. */
  publish(): void {
    const { runDir, identity, log, publisher, runtime } = this.#parts;
    const { plan } = this;
    const serving = new Map<string, WorkloadServing>();
    const all = this.#fleet.serving;
    for (const { measured } of plan.workloads) {
      const { name } = measured.config;
      const served = all.get(name);
      if (served === undefined || this.#guard.taken.has(name)) continue;
      const endpoint = runtime.endpointOf(measured);
      const extensions = endpoint?.publishedExtensions() ?? [];
      serving.set(name, { ...served, extensions, configure: endpoint?.configure });
    }
    publisher.publish(gatewayContent({ runDir, plan, identity, eventLog: log.events, serving }));
  }

  /**
   * Takes a workload in. What is there under its name goes on serving until this one can. Returns before anything is
   * fetched.
   *
   * @param container - as the config file would have it
   * @throws LauncherError ERR_LAUNCHER_REQUEST_REFUSED when it does not fit what is there; what the runtime throws for
   *   a workload that this machine cannot run
   */
  load(container: ContainerConfig): Promise<AcceptedWorkload> {
    return this.#loading.run(async () => {
      const accepted = await this.#loadNow(container);
      this.#claims.overrule(container.name);
      return accepted;
    });
  }

  /** Puts a container of the config file in the place of what an earlier file had there and still runs. */
  async succeed(container: ContainerConfig): Promise<void> {
    await this.#loading
      .run(() => this.#loadNow(container))
      .catch((error: unknown) => {
        const { name } = container;
        this.#parts.logger.error({ err: error, workload: name }, 'not loaded from the config file');
      });
  }

  /**
   * Takes the workloads and routes of a config file that has changed; what it says of the platform counts with the next
   * launcher. A workload that differs is replaced when the new one can serve, one that is missing is unloaded. What
   * does not fit what was loaded beside the file is reported and left out.
   */
  reload(next: VmConfig): Promise<void> {
    return this.#reloading.run(() => this.#reloadNow(next));
  }

  async #reloadNow(next: VmConfig): Promise<void> {
    const before = this.#config;
    for (const container of this.#claims.take(next)) await this.succeed(container);
    this.#config = { ...before, containers: next.containers, routes: next.routes };
    const kept = new Set(next.containers.map(({ name }) => name));
    const gone = before.containers.filter(({ name }) => !kept.has(name)).map(({ name }) => name);
    for (const name of startOrder(before.containers).toReversed()) {
      if (!gone.includes(name) || !this.#isFromFile(name)) continue;
      await this.unload(name).catch((error: unknown) => {
        const { logger } = this.#parts;
        logger.error({ err: error, workload: name }, 'not unloaded with the config file');
      });
    }
    this.publish();
  }

  /**
   * Ends a workload and forgets it; nothing happens when there is none of this name.
   *
   * @throws LauncherError ERR_LAUNCHER_REQUEST_REFUSED when another one depends on it; ERR_LAUNCHER_STOP_FAILED
   */
  async unload(name: string): Promise<void> {
    await this.#fleet.unload(name);
    this.#images.forget(name);
    this.#claims.restore(name);
    await this.#save();
    this.#images.collectSoon();
  }

  /** The socket of a workload, once it has been started. */
  endpointOf(name: string): WorkloadEndpoint | undefined {
    const present = this.#fleet.loaded.find(({ measured }) => measured.config.name === name);
    return present === undefined ? undefined : this.#parts.runtime.endpointOf(present.measured);
  }

  /**
   * Puts another intermediary in force: it is measured, its files are written, and the proxy is told.
   *
   * @throws LauncherError ERR_LAUNCHER_CA_INVALID
   */
  replaceCa(certificatePem: string, keyPem: string): Promise<CaInForce> {
    return this.#ca.replace(certificatePem, keyPem);
  }

  /**
   * Names other servers that verify quotes, for the launchers after this one as well.
   *
   * @param urls - all of them
   * @returns what certificates carry from now on, hex
   */
  setAttestationServers(urls: readonly string[]): Promise<string> {
    const { attestationServers } = this.#parts;
    return this.#setting.run(async () => {
      const before = attestationServers.inForce;
      attestationServers.set(urls);
      await this.#save().catch((error: unknown) => {
        attestationServers.set(before);
        throw error;
      });
      this.#config = attestationServers.putInto(this.#config);
      this.publish();
      return toHex(attestationServersHash(urls));
    });
  }

  /**
   * Ends all workloads, logs that they are gone and tells the proxy.
   *
   * @throws AggregateError when a workload could not be ended
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { publisher } = this.#parts;
    try {
      await this.#fleet.stop();
    } finally {
      this.#over.abort();
      await this.#guarding;
      await this.#watching;
      await this.#images.settled();
      this.publish();
      await publisher.flush(FINAL_PUSH_MS);
      await publisher.close();
    }
  }

  async #loadNow(container: ContainerConfig): Promise<AcceptedWorkload> {
    const { runtime } = this.#parts;
    const file = { ...this.#config, containers: this.#fleet.declared };
    const { container: placed, problems } = placeContainer(file, container);
    if (problems.length > 0) {
      const message = `workload ${container.name} does not fit what is there: ${problems.join('; ')}`;
      throw new LauncherError('ERR_LAUNCHER_REQUEST_REFUSED', message);
    }
    runtime.admit(placed);
    const planned = planWorkload(await runtime.measure(placed));
    return { planned, replaces: this.#fleet.load(planned) };
  }

  /** Whether the config file, and nobody else, wanted the workload that there is. */
  #isFromFile(name: string): boolean {
    const declared = this.#fleet.declared.find((container) => container.name === name);
    return declared !== undefined && this.#claims.declares(declared);
  }

  /** What the next launcher is to load beside what is in its file. */
  #save(): Promise<void> {
    const loaded = this.#fleet.loaded.map(({ measured }) => measured.config);
    for (const { name, image } of loaded) if (image !== undefined) this.#images.note(name, image);
    return this.#parts.loaded.write({
      workloads: loaded.filter((container) => !this.#claims.declares(container)),
      fromFile: loaded.filter((container) => this.#claims.declares(container)),
      overruled: this.#claims.overruledBy(loaded),
      attestationServers: this.#parts.attestationServers.overruled,
      images: this.#images.byWorkload,
    });
  }

  #guardedPorts(): PortGuardEntries {
    return this.#fleet.versions.flatMap(({ measured: { config } }) => {
      const listener = this.#parts.runtime.listenerOf(config);
      if (listener === undefined) return [];
      return [{ name: config.name, port: config.port, uid: listener.uid }];
    });
  }
}

type PortGuardEntries = ReturnType<ConstructorParameters<typeof PortGuard>[0]['ports']>;
