// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import type { GatewayState, IdentitySummary, StateSummary } from '@proofgate/api';
import type { RuntimeEvent } from '@proofgate/evidence';
import { ProxyError } from '../errors.ts';
import type { IdentityKeeper } from '../identity/identity-keeper.ts';
import type { Identity } from '../identity/mint-identity.ts';
import type { Snapshot } from '../ipc/snapshot.ts';
import type { PeerTokenKey } from '../peer/peer-token.ts';
import { desiredHosts, type DesiredHost, type OwnHosts } from './gateway-hosts.ts';
import { buildSnapshot } from './snapshot-builder.ts';

/** What the gateway needs. */
export interface GatewayOptions {
  readonly own: OwnHosts;
  readonly state: GatewayState | undefined;
  readonly keeper: Pick<IdentityKeeper, 'update' | 'find' | 'isContradicted' | 'renewalOf'>;
  /** That workers sign tokens about clients with from now on. */
  readonly peerKey: () => PeerTokenKey;
  readonly publish: (snapshot: Snapshot) => void;
  /** Settles when nobody acts on anything older than a version that was published. */
  readonly applied: (version: number) => Promise<void>;
  readonly save: (state: GatewayState) => Promise<void>;
}

/** What the proxy should serve (its own file and the launcher's state), and the snapshots that come of it. */
export class Gateway {
  private readonly options: GatewayOptions;
  private own: OwnHosts;
  private state: GatewayState | undefined;
  /** The state that everybody acts on. */
  private inForce: GatewayState | undefined;
  private desired: readonly DesiredHost[];
  private published: Snapshot | undefined;
  private version = 0;
  /** States are applied one after the other: each is compared with the one before it. */
  private applying: Promise<void> = Promise.resolve();

  /** @throws ProxyError ERR_PROXY_HOST_CONFLICT */
  constructor(options: GatewayOptions) {
    this.options = options;
    this.own = options.own;
    this.state = options.state;
    this.inForce = options.state;
    this.desired = desiredHosts(this.own, this.state);
  }

  /** Asks for identities of all hosts. */
  start(): void {
    this.options.keeper.update(this.desired.map(({ spec }) => spec));
  }

  /** Makes a snapshot of what can be served now, for the workers. */
  refresh(): Snapshot {
    this.version += 1;
    const { keeper, peerKey } = this.options;
    const find = keeper.find.bind(keeper);
    const { version, desired, published } = this;
    this.published = buildSnapshot(version, desired, find, published, peerKey());
    this.options.publish(this.published);
    return this.published;
  }

  /**
   * Puts a state of the launcher in force and saves it. Hosts that are gone are not served any more when this returns; a
   * new or changed host is served as soon as its identity is made.
   *
   * @throws ProxyError ERR_PROXY_STATE_STALE for a revision that is not newer, ERR_PROXY_HOST_CONFLICT
   */
  applyState(state: GatewayState): Promise<void> {
    const applied = this.applying.then(() => this.applyNow(state));
    this.applying = applied.catch(() => undefined);
    return applied;
  }

  /**
   * Takes changes of the proxy's own file; `start` and `refresh` put them in force.
   *
   * @throws ProxyError ERR_PROXY_HOST_CONFLICT; nothing has changed then
   */
  replaceOwn(own: OwnHosts): void {
    this.desired = desiredHosts(own, this.state);
    this.own = own;
  }

  /** The runtime event log of the state in force. */
  get eventLog(): readonly RuntimeEvent[] {
    return this.state?.eventLog ?? [];
  }

  /** Which state is in force, and all hosts. */
  summary(): StateSummary {
    const hosts = this.desired.map(({ route }) => route.hostname);
    const { pending, retiring } = this;
    const summary = {
      hosts,
      ...(pending.length === 0 ? {} : { pending }),
      ...(retiring.length === 0 ? {} : { retiring }),
    };
    if (this.inForce === undefined) return summary;
    return { revision: this.inForce.revision, bootId: this.inForce.bootId, ...summary };
  }

  /** The identities that exist. */
  identities(): IdentitySummary[] {
    return this.desired.flatMap(({ spec }) => {
      const identity = this.options.keeper.find(spec.hostname);
      if (identity === undefined) return [];
      const renewAt = this.options.keeper.renewalOf(spec.hostname);
      return {
        hostname: spec.hostname,
        spkiSha256: identity.spkiSha256,
        serialNumber: identity.id,
        notBefore: identity.notBefore.toISOString(),
        notAfter: identity.notAfter.toISOString(),
        attestation: identity.spec.attestation,
        quoteTime: identity.notBefore.toISOString(),
        caSpkiSha256: identity.caSpkiSha256,
        ...(renewAt === undefined ? {} : { renewAt: renewAt.toISOString() }),
      };
    });
  }

  /** The identities that are valid now. */
  get current(): Identity[] {
    return this.desired.flatMap(({ spec }) => this.options.keeper.find(spec.hostname) ?? []);
  }

  /** Whether there is such a host. @param hostname in lower case */
  isConfigured(hostname: string): boolean {
    return this.desired.some(({ spec }) => spec.hostname === hostname);
  }

  /** Hosts that clients cannot reach, for want of an identity that is valid and says what is true. */
  get unserved(): string[] {
    const served = new Set(this.published?.hosts.map(({ route }) => route.hostname));
    return this.desired.flatMap(({ spec: { hostname } }) =>
      served.has(hostname) && this.options.keeper.find(hostname) !== undefined ? [] : [hostname],
    );
  }

  /** Whether it is known what is to be served: with workloads in the file, only a launcher can tell. */
  get informed(): boolean {
    return this.state !== undefined || !this.own.awaitLauncher;
  }

  /** Whether everything that should be served is, as it is described now. */
  get complete(): boolean {
    return this.informed && this.pending.length === 0;
  }

  /** Hosts that are not served as they are described now. */
  private get pending(): string[] {
    const { keeper } = this.options;
    return this.desired.flatMap(({ spec: { hostname, fingerprint } }) => {
      const identity = keeper.find(hostname);
      const asDescribed = identity?.spec.fingerprint === fingerprint;
      return asDescribed && !keeper.isContradicted(hostname) ? [] : [hostname];
    });
  }

  /** Hosts whose clients are still sent to what is to retire: the new certificate is not there yet. */
  private get retiring(): string[] {
    const published = new Map(
      this.published?.hosts.map(({ route }) => [route.hostname, route.upstream]),
    );
    return this.desired.flatMap(({ retiring, route: { hostname } }) =>
      retiring !== undefined && isDeepStrictEqual(published.get(hostname), retiring)
        ? [hostname]
        : [],
    );
  }

  private async applyNow(state: GatewayState): Promise<void> {
    const { state: present } = this;
    if (present?.bootId === state.bootId && state.revision <= present.revision) {
      // The same state again is a repetition of a request whose answer was lost.
      if (isDeepStrictEqual(present, state)) return;
      throw new ProxyError('ERR_PROXY_STATE_STALE', 'gateway state is not newer', {
        expected: `a revision above ${present.revision}`,
        seen: `${state.revision}`,
      });
    }
    // A state that is refused must not be saved.
    desiredHosts(this.own, state);
    await this.options.save(state);
    // Again: the proxy's own file may have been replaced in the meantime.
    this.desired = desiredHosts(this.own, state);
    this.state = state;
    this.start();
    // What the launcher starts next may listen where a worker still sends the clients of something else.
    await this.options.applied(this.refresh().version);
    this.inForce = state;
  }
}
