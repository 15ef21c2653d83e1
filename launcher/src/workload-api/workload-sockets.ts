// SPDX-License-Identifier: Apache-2.0
import { chown } from 'node:fs/promises';
import { join } from 'node:path';
import type { PeerKeySet, UserAndGroup } from '@proofgate/api';
import { ensureDir, serveUnixHttp, type Logger, type UnixHttpServer } from '@proofgate/daemon';
import type { RuntimeEvent } from '@proofgate/evidence';
import type { MeasuredWorkload } from '../measurement/measured-workload.ts';
import { planWorkload } from '../measurement/measurement-plan.ts';
import type { RunningInstance } from '../supervision/runtime.ts';
import type { CallerPolicy } from './caller.ts';
import { ConfigGate } from './config-gate.ts';
import { EvidenceDesk, type EvidenceDeskOptions } from './evidence-desk.ts';
import { InstanceNotes } from './instance-notes.ts';
import { SocketPlace } from './socket-place.ts';
import { WorkloadEndpoint } from './workload-endpoint.ts';
import type { PlatformDescription } from './workload-identity.ts';
import {
  MAX_WORKLOAD_CONNECTIONS,
  MAX_WORKLOAD_REQUEST_BYTES,
  workloadRequests,
} from './workload-requests.ts';
import { instanceName, nextId, versionId, type WorkloadVersion } from './workload-version.ts';

/** What the sockets of the workloads need. */
export interface WorkloadSocketsOptions {
  /** Absolute path of the directory of the sockets; only one launcher at a time uses it. */
  readonly runDir: string;
  /** Group of the proxy's workers, which forward configurations; `undefined` when they run as we do. */
  readonly workerGid: number | undefined;
  /** Makes evidence; without quotes the rest works all the same. */
  readonly platform: EvidenceDeskOptions['platform'];
  /** The VM as it is now. */
  readonly describe: () => PlatformDescription;
  /** The runtime event log as it is now. */
  readonly eventLog: () => readonly RuntimeEvent[];
  /** Who configures containers is found out by this; `undefined` when nobody can be. */
  readonly callers: CallerPolicy | undefined;
  /** Called when an endpoint has other extensions, or its gate has opened or shut: hosts have to be published anew. */
  readonly onChange: () => void;
  /** Settles when the proxy acts on nothing older than what was published last. */
  readonly superseded: () => Promise<void>;
  /** With which the proxy signs what it says of clients. */
  readonly peerKeys: () => Promise<PeerKeySet>;
  readonly logger: Logger;
  /** Shortest time between two certificates that one workload causes, in milliseconds. */
  readonly minReissueMs?: number;
  /** Shortest time between two questions for extensions, in milliseconds. */
  readonly minPullMs?: number;
  /** How long a start waits until the proxy has taken back what an earlier run has said, in milliseconds. */
  readonly withdrawMs?: number;
}

/** A version that is served. */
interface Served {
  readonly endpoint: WorkloadEndpoint;
  readonly server: UnixHttpServer;
  readonly gate: ConfigGate | undefined;
  readonly place: SocketPlace;
}

/**
 * One unix socket for each workload. Who asks is known by the socket that it can reach: its directory is given to that
 * workload alone, and the socket belongs to that workload's user.
 */
export class WorkloadSockets {
  readonly #options: WorkloadSocketsOptions;
  readonly #notes: InstanceNotes;
  readonly #desk: EvidenceDesk;
  readonly #served = new Map<string, Served>();

  private constructor(options: WorkloadSocketsOptions, notes: InstanceNotes) {
    this.#options = options;
    this.#notes = notes;
    this.#desk = new EvidenceDesk({ platform: options.platform, eventLog: options.eventLog });
  }

  /**
   * Reads what an earlier launcher noted. To be called once the launcher knows that it is the only one.
   *
   * @param options - where, and on what
   * @returns the sockets; none is served yet
   */
  static async open(options: WorkloadSocketsOptions): Promise<WorkloadSockets> {
    const { runDir, logger } = options;
    const notes = await InstanceNotes.open(join(runDir, 'instance-notes.json'), logger);
    return new WorkloadSockets(options, notes);
  }

  /**
   * Makes the socket of a workload that is about to be started, and forgets what an earlier run of it has said or was
   * told. To be awaited before anything of it runs. The socket is the launcher's own until it is assigned.
   *
   * @param measured - the workload
   * @returns the directory that it gets: mounted read-only at {@link CONTAINER_SOCKET_DIRECTORY}, or inherited
   * @throws DaemonError when the socket cannot be made; LauncherError ERR_LAUNCHER_GATEWAY_REFUSED when the proxy does not
   *   take back what an earlier run has said
   */
  async give(measured: MeasuredWorkload): Promise<string> {
    const { endpoint, place } = await this.#serve(measured, undefined);
    await place.show();
    await endpoint.beforeStart();
    return endpoint.directory;
  }

  /**
   * Lets the user of a workload use the socket that it was given.
   *
   * @param measured - the workload
   * @param owner - whom it runs as, in numbers of the VM
   */
  async assign(measured: MeasuredWorkload, owner: UserAndGroup): Promise<void> {
    await this.#served.get(versionId(measured))?.place.assign(owner);
  }

  /**
   * A workload that was given its directory runs. What it says holds until this instance has ended.
   *
   * @param measured - the workload
   * @param instance - which run of it
   */
  async started(measured: MeasuredWorkload, instance: RunningInstance): Promise<void> {
    const endpoint = this.find(measured);
    if (endpoint === undefined) return;
    const { record, address, exited } = instance;
    const run = endpoint.attach(instanceName(record), address);
    whenOver(exited, run.ended);
    await run.noted;
  }

  /**
   * A workload that an earlier launcher started goes on; so does what it has said and was told.
   *
   * @param measured - the workload
   * @param instance - which run of it
   * @throws DaemonError when the socket cannot be made
   */
  async adopted(measured: MeasuredWorkload, instance: RunningInstance): Promise<void> {
    const { record, address, exited } = instance;
    const name = instanceName(record);
    const { endpoint, place } = await this.#serve(measured, name);
    // Whom it runs as was found out when it was started.
    const owner = await place.presentOwner();
    if (owner !== undefined) await place.assign(owner);
    await place.show();
    whenOver(exited, endpoint.resume(name, address).ended);
  }

  /** What is known of a version that has a socket. */
  find(measured: MeasuredWorkload): WorkloadEndpoint | undefined {
    return this.#served.get(versionId(measured))?.endpoint;
  }

  /** Takes the socket of a version away; nothing of it may run. Does nothing when it has none. */
  async remove(measured: MeasuredWorkload): Promise<void> {
    const key = versionId(measured);
    const served = this.#served.get(key);
    if (served === undefined) return;
    this.#served.delete(key);
    served.endpoint.forget();
    await this.#close(served);
    await served.place.remove();
  }

  /** Stops serving. Directories stay for workloads that go on, and for the launcher that takes them over. */
  async close(): Promise<void> {
    const all = [...this.#served.values()];
    this.#served.clear();
    await Promise.all(all.map((served) => this.#close(served)));
    await this.#notes.settled();
  }

  /**
   * The same version again is the same endpoint.
   *
   * @param instance - a run that goes on, and has its directory already
   */
  async #serve(measured: MeasuredWorkload, instance: string | undefined): Promise<Served> {
    const key = versionId(measured);
    const present = this.#served.get(key);
    if (present !== undefined) return present;
    const version = { measured, root: planWorkload(measured).root };
    const id = this.#idFor(key, instance);
    const { config, imageDigest } = version.measured;
    const { runDir, logger, describe, ...rest } = this.#options;
    const place = new SocketPlace(runDir, config.name, id);
    await place.prepare();
    const child = logger.child({ workload: config.name });
    const endpoint = new WorkloadEndpoint({
      ...rest,
      id,
      version,
      directory: place.directory,
      gateSocket: config.config_api === undefined ? undefined : join(runDir, 'gate', `${id}.sock`),
      evidence: this.#desk.window({ name: config.name, imageDigest }),
      notes: this.#notes,
      describe,
      logger: child,
    });
    const server = await serveUnixHttp({
      path: place.bound,
      handler: workloadRequests(endpoint),
      maxBody: MAX_WORKLOAD_REQUEST_BYTES,
      maxConnections: MAX_WORKLOAD_CONNECTIONS,
      logger: child,
    });
    try {
      const gate = await this.#openGate(version, endpoint, child);
      const served = { endpoint, server, gate, place };
      this.#served.set(key, served);
      return served;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  /** Where a run is that goes on; else a name that is free, since its first owner may go on under another version. */
  #idFor(key: string, instance: string | undefined): string {
    const noted = instance === undefined ? undefined : this.#notes.idOf(instance);
    if (noted !== undefined) return noted;
    const taken = new Set([...this.#served.values()].map(({ endpoint }) => endpoint.id));
    let id = key;
    while (taken.has(id)) id = nextId(id);
    return id;
  }

  async #openGate(
    version: WorkloadVersion,
    endpoint: WorkloadEndpoint,
    logger: Logger,
  ): Promise<ConfigGate | undefined> {
    const { runDir, workerGid, callers } = this.#options;
    const { name, config_api: configApi, app_id: appId, owners } = version.measured.config;
    if (configApi === undefined) return undefined;
    const directory = join(runDir, 'gate');
    await ensureDir(directory, 0o750);
    if (workerGid !== undefined) await chown(directory, 0, workerGid);
    return ConfigGate.open({
      socketPath: join(directory, `${endpoint.id}.sock`),
      workerGid,
      workload: name,
      configApi,
      configurers: { appId, owners },
      callers,
      target: () => endpoint.configTarget,
      logger,
    });
  }

  async #close({ endpoint, server, gate }: Served): Promise<void> {
    endpoint.close();
    await gate?.close();
    await server.close();
  }
}

/** Also when the end itself went wrong: then nobody knows what is left, and nothing of it is believed. */
function whenOver(exited: Promise<unknown>, then: () => void): void {
  exited.then(then, then);
}
