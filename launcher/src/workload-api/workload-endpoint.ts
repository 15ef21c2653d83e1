// SPDX-License-Identifier: Apache-2.0
import type { GatewayConfigure, HostPort, PeerKeySet } from '@proofgate/api';
import type { Logger } from '@proofgate/daemon';
import type { ExtensionValue, RuntimeEvent } from '@proofgate/evidence';
import { LauncherError } from '../errors.ts';
import { pause } from '../supervision/pause.ts';
import type { ConfigTarget } from './config-gate.ts';
import { DynamicExtensions, type ExtensionSource } from './dynamic-extensions.ts';
import type { EvidenceWindow } from './evidence-desk.ts';
import {
  DEFAULT_PULL_INTERVAL_MS,
  MIN_PULL_INTERVAL_MS,
  pullExtensions,
} from './extension-pull.ts';
import type { InstanceNotes } from './instance-notes.ts';
import {
  identityDocument,
  type PlatformDescription,
  type WorkloadIdentityDocument,
} from './workload-identity.ts';
import type { WorkloadTarget } from './workload-requests.ts';
import type { WorkloadVersion } from './workload-version.ts';

/**
 * How long whoever has configured a workload waits for the proxy to know it. It takes a state within milliseconds; if it
 * is not there, it learns it when it comes.
 */
const TELL_PROXY_MS = 2_000;

/**
 * How long a start waits until the proxy no longer shows what an earlier instance said. One that has refused the state for
 * this long will go on for a while; the start fails then, and is tried again.
 */
export const WITHDRAW_MS = 15_000;

/** What an endpoint needs. */
export interface WorkloadEndpointOptions {
  readonly id: string;
  readonly version: WorkloadVersion;
  /** Directory that the workload gets. */
  readonly directory: string;
  /** Socket of the gate; `undefined` when there is nothing to be configured. */
  readonly gateSocket: string | undefined;
  readonly evidence: EvidenceWindow;
  readonly notes: InstanceNotes;
  /** The VM as it is now. */
  readonly describe: () => PlatformDescription;
  readonly eventLog: () => readonly RuntimeEvent[];
  /** Called when hosts have to be published anew. */
  readonly onChange: () => void;
  /** Settles when the proxy acts on nothing older than what was published last. */
  readonly superseded: () => Promise<void>;
  /** With which the proxy signs what it says of clients. */
  readonly peerKeys: () => Promise<PeerKeySet>;
  readonly logger: Logger;
  /** Shortest time between two certificates that the workload causes. */
  readonly minReissueMs?: number;
  /** Shortest time between two questions for extensions. */
  readonly minPullMs?: number;
  /** {@link WITHDRAW_MS} unless told. */
  readonly withdrawMs?: number;
}

/**
 * What one version of a workload is told and says while it runs. All of it belongs to the running instance: when that
 * ends it is withdrawn, and the next instance starts with nothing.
 */
export class WorkloadEndpoint implements WorkloadTarget {
  readonly id: string;
  /** What the workload gets: to be mounted, read-only, or inherited. */
  readonly directory: string;
  readonly evidence: EvidenceWindow;
  readonly #options: WorkloadEndpointOptions;
  readonly #extensions: DynamicExtensions;
  #instance: string | undefined;
  #address: HostPort | undefined;
  #configured = false;
  /** Counts instances: what was begun with one has no effect on the next. */
  #epoch = 0;
  /** Something that the proxy was told has been taken back since. */
  #withdrawn = false;
  #pulling = new AbortController();

  constructor(options: WorkloadEndpointOptions) {
    this.id = options.id;
    this.directory = options.directory;
    this.evidence = options.evidence;
    this.#options = options;
    this.#extensions = new DynamicExtensions({
      onPublish: options.onChange,
      ...(options.minReissueMs === undefined ? {} : { minReissueMs: options.minReissueMs }),
    });
  }

  /** What the gateway state says about the route by which the workload is configured. */
  get configure(): GatewayConfigure | undefined {
    const { gateSocket } = this.#options;
    const configApi = this.#configApi;
    if (configApi === undefined || gateSocket === undefined) return undefined;
    const { method, path, optional } = configApi;
    return { method, path, upstream: `unix:${gateSocket}`, open: optional || this.#configured };
  }

  /** Whether the rest of the workload waits to be configured. */
  get awaitsConfiguration(): boolean {
    return this.#configApi?.optional === false && !this.#configured;
  }

  /** The instance that a gate may configure now. */
  get configTarget(): ConfigTarget | undefined {
    const epoch = this.#epoch;
    const address = this.#address;
    if (address === undefined) return undefined;
    return { address, complete: () => this.#complete(epoch) };
  }

  peerKeys(): Promise<PeerKeySet> {
    return this.#options.peerKeys();
  }

  publishedExtensions(): readonly ExtensionValue[] {
    return this.#extensions.published;
  }

  pendingMs(): number {
    return this.#extensions.pendingMs;
  }

  identity(): WorkloadIdentityDocument {
    const { version, describe, eventLog } = this.#options;
    return identityDocument(version, describe(), eventLog(), this.#configured);
  }

  pushExtensions(extensions: readonly ExtensionValue[]): Promise<void> {
    return this.#set('pushed', extensions);
  }

  /**
   * Sets one extension on behalf of a manager; it wins over one of the workload with the same OID.
   *
   * @throws LauncherError ERR_LAUNCHER_EXTENSIONS_REFUSED
   */
  setExtension(oid: string, value: Uint8Array): Promise<void> {
    const others = this.#extensions.wanted.managed.filter((other) => other.oid !== oid);
    return this.#set('managed', [...others, { oid, value }]);
  }

  async completeConfiguration(): Promise<boolean> {
    const awaited = this.awaitsConfiguration;
    await this.#complete(this.#epoch);
    return awaited;
  }

  /**
   * To be called before every start of the workload, and awaited: nobody is shown any more what an earlier instance said
   * or was told.
   *
   * @throws LauncherError ERR_LAUNCHER_GATEWAY_REFUSED when the proxy does not take that in for a long time
   */
  async beforeStart(): Promise<void> {
    this.forget();
    if (!this.#withdrawn) return;
    const { withdrawMs = WITHDRAW_MS } = this.#options;
    if (!(await this.#proxyKnows(withdrawMs))) {
      throw new LauncherError(
        'ERR_LAUNCHER_GATEWAY_REFUSED',
        'the proxy still shows what an earlier run of the workload has said',
        { expected: `a new state within ${String(withdrawMs)} ms` },
      );
    }
    this.#withdrawn = false;
  }

  /**
   * A new instance runs. It may have used its socket already.
   *
   * @param instance - names it, unlike any other of this boot
   * @param address - where it is reached; `undefined` if it cannot be
   * @returns what to call at its end, and a promise for the note about it
   */
  attach(
    instance: string,
    address: HostPort | undefined,
  ): { readonly ended: () => void; readonly noted: Promise<void> } {
    const epoch = this.#epoch;
    this.#instance = instance;
    this.#address = address;
    this.#pull(address);
    const ended = (): void => {
      if (epoch === this.#epoch) this.forget();
    };
    return { ended, noted: this.#note() };
  }

  /**
   * An instance that an earlier launcher started goes on; so does what was noted about it.
   *
   * @param instance - its name, as {@link attach} had it
   * @param address - where it is reached
   * @returns what to call at its end
   */
  resume(instance: string, address: HostPort | undefined): { readonly ended: () => void } {
    const note = this.#options.notes.find(this.id, instance);
    if (note !== undefined) {
      this.#configured = note.configured;
      this.#extensions.restore(note.extensions);
      if (note.configured) this.#options.onChange();
    }
    return this.attach(instance, address);
  }

  /** No instance runs: what the last one said and was told holds no more. */
  forget(): void {
    this.#epoch += 1;
    this.#instance = undefined;
    this.#address = undefined;
    this.#pulling.abort();
    const wasOpen = this.#configured && this.#configApi?.optional === false;
    this.#configured = false;
    const cleared = this.#extensions.clear();
    if (wasOpen) this.#options.onChange();
    this.#withdrawn ||= wasOpen || cleared;
    void this.#save(this.#options.notes.remove(this.id));
  }

  /** Asks and publishes nothing any more. */
  close(): void {
    this.#pulling.abort();
    this.#extensions.close();
  }

  get #configApi(): WorkloadVersion['measured']['config']['config_api'] {
    return this.#options.version.measured.config.config_api;
  }

  #pull(address: HostPort | undefined): void {
    const { config } = this.#options.version.measured;
    const path = config.extensions_path;
    this.#pulling.abort();
    if (path === undefined || address === undefined) return;
    this.#pulling = new AbortController();
    const { signal } = this.#pulling;
    const seconds = config.health_check?.interval_seconds;
    const wantedMs = seconds === undefined ? DEFAULT_PULL_INTERVAL_MS : seconds * 1_000;
    const { minPullMs = MIN_PULL_INTERVAL_MS } = this.#options;
    void pullExtensions(
      {
        address,
        path,
        intervalMs: Math.max(minPullMs, wantedMs),
        take: (extensions) => this.#set('pulled', extensions),
        logger: this.#options.logger,
      },
      signal,
    );
  }

  async #set(source: ExtensionSource, extensions: readonly ExtensionValue[]): Promise<void> {
    if (this.#extensions.set(source, extensions)) await this.#note();
  }

  async #complete(epoch: number): Promise<void> {
    if (epoch !== this.#epoch) return;
    if (!this.#configured) {
      this.#configured = true;
      await this.#note();
      this.#options.logger.info('workload configured');
      if (this.#configApi?.optional === false) this.#options.onChange();
    }
    await this.#proxyKnows(TELL_PROXY_MS);
  }

  /** Waits until the proxy acts on nothing older than the latest state. @returns whether it does */
  async #proxyKnows(withinMs: number): Promise<boolean> {
    const enough = new AbortController();
    const told = this.#options.superseded().then(() => true);
    const late = pause(withinMs, enough.signal).then(() => false);
    const known = await Promise.race([told, late]);
    enough.abort();
    return known;
  }

  /** Without a note a later launcher finds the workload unconfigured, which is safe. */
  #note(): Promise<void> {
    if (this.#instance === undefined) return Promise.resolve();
    const extensions = this.#extensions.wanted;
    return this.#save(
      this.#options.notes.put(this.id, {
        instance: this.#instance,
        configured: this.#configured,
        extensions,
      }),
    );
  }

  async #save(saved: Promise<void>): Promise<void> {
    await saved.catch((error: unknown) => {
      this.#options.logger.error({ err: error }, 'notes about a workload cannot be written');
    });
  }
}
