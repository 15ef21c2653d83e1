// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls';
import type { ClientBudget } from '../limits/client-limits.ts';
import type { ConnectionPeer } from '../peer/connection-peer.ts';
import type { ActiveHost, ServedIdentity } from '../worker/active-hosts.ts';

/** One client's TLS connection to an HTTP host, for as long as it lasts. */
export interface ClientConnection {
  readonly hostname: string;
  /** What this connection was proved with. Newer identities of the host are for newer connections. */
  readonly identity: ServedIdentity;
  /** For what is bound to the very connection, such as its exporter. Not for reading and writing. */
  readonly socket: TLSSocket;
  /** IP address of the TCP peer. */
  readonly peerAddress: string;
  /** Its client, where the host asks who that is. */
  readonly peer?: ConnectionPeer | undefined;
  /** How long it may stand still while an answer is on its way. */
  readonly idleTimeoutMs: number;
  /** What it may ask for; absent where nothing bounds that. */
  readonly budget?: ClientBudget | undefined;
  /** Called when the connection stops being HTTP and becomes a tunnel. */
  readonly onTunnel: () => void;
}

/** Finds the host of a connection in the table now in force. */
export type HostLookup = (hostname: string) => ActiveHost | undefined;
