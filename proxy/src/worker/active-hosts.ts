// SPDX-License-Identifier: Apache-2.0
import type { Server, TLSSocket } from 'node:tls';
import type { Upstream } from '@proofgate/api';
import type { Route, Snapshot, SnapshotHost } from '../ipc/snapshot.ts';
import { createHostTlsServer } from '../tls/host-tls-server.ts';

/** The part of an identity that outlives the handshake. */
export interface ServedIdentity {
  readonly id: string;
  /** Of the route that the identity was published with. */
  readonly workload: string;
  /** Of the same. */
  readonly statements: readonly string[] | undefined;
  readonly document: Uint8Array;
}

/** A host that is served now. */
export interface ActiveHost {
  readonly route: Route;
  readonly identity: ServedIdentity;
  readonly tls: Server;
}

/** What the table needs in order to start TLS servers. */
export interface ActiveHostsOptions {
  /** A handshake with `identity` is complete; nothing has been read from the connection yet. */
  readonly onSecure: (socket: TLSSocket, route: Route, identity: ServedIdentity) => void;
  readonly onFailed: (socket: TLSSocket, error: Error) => void;
}

/** The hosts that a worker serves, as the last snapshot says. */
export class ActiveHosts {
  private readonly options: ActiveHostsOptions;
  private hosts: ReadonlyMap<string, ActiveHost> = new Map();
  private applied = -1;

  constructor(options: ActiveHostsOptions) {
    this.options = options;
  }

  /** Version of the snapshot in force; -1 before the first. */
  get version(): number {
    return this.applied;
  }

  /** Workloads, by host, that have a successor and still answer on their connections. */
  get retiring(): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const [hostname, { route }] of this.hosts) {
      if (route.retiring !== undefined) found.set(hostname, route.retiring.workload);
    }
    return found;
  }

  /** Where requests are sent, each with the workload that is meant. */
  get destinations(): ReadonlyMap<string, Upstream> {
    const found = new Map<string, Upstream>();
    for (const { route } of this.hosts.values()) {
      for (const { workload, upstream } of [route, route.retiring ?? route]) {
        found.set(`${workload} ${JSON.stringify(upstream)}`, upstream);
      }
    }
    return found;
  }

  /** @param hostname in lower case */
  find(hostname: string): ActiveHost | undefined {
    return this.hosts.get(hostname);
  }

  /**
   * Replaces the table at once. Open connections are not touched, and an identity that has not changed keeps its TLS
   * server, which costs most of a millisecond to make. An older snapshot than the one in force is ignored.
   */
  apply(snapshot: Snapshot): void {
    if (snapshot.version <= this.applied) return;
    const hosts = new Map<string, ActiveHost>();
    for (const host of snapshot.hosts) hosts.set(host.route.hostname, this.activate(host));
    this.hosts = hosts;
    this.applied = snapshot.version;
  }

  private activate({ route, identity }: SnapshotHost): ActiveHost {
    const present = this.hosts.get(route.hostname);
    if (present?.identity.id === identity.id && agreesTo(present.route, route)) {
      return { ...present, route };
    }
    const served: ServedIdentity = {
      id: identity.id,
      workload: route.workload,
      statements: route.statements,
      document: identity.document,
    };
    const tls = createHostTlsServer({
      hostname: route.hostname,
      mode: route.mode,
      alpn: route.alpn,
      asksClients: mayAskClients(route),
      privateKey: identity.privateKey,
      chain: identity.chain,
      onSecure: (socket) => this.options.onSecure(socket, route, served),
      onFailed: this.options.onFailed,
    });
    return { route, identity: served, tls };
  }
}

/** Whether handshakes for two routes agree to the same protocols, and ask clients for the same. */
function agreesTo(one: Route, other: Route): boolean {
  const protocols = one.mode === other.mode && one.alpn?.join(' ') === other.alpn?.join(' ');
  return protocols && mayAskClients(one) === mayAskClients(other);
}

/** Whether the workload or the one before it wants to know its clients: both are reached over the same handshake. */
function mayAskClients({ clients, retiring }: Route): boolean {
  return clients !== undefined || retiring?.clients !== undefined;
}
