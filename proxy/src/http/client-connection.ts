// SPDX-License-Identifier: Apache-2.0
import type { ActiveHost, ServedIdentity } from '../worker/active-hosts.ts';

/** One client's TLS connection to an HTTP host, for as long as it lasts. */
export interface ClientConnection {
  readonly hostname: string;
  /** What this connection was proved with. Newer identities of the host are for newer connections. */
  readonly identity: ServedIdentity;
  /** IP address of the TCP peer. */
  readonly peerAddress: string;
  /** How long it may stand still while an answer is on its way. */
  readonly idleTimeoutMs: number;
  /** Requests that are not answered completely yet. */
  readonly exchanges: Set<OpenExchange>;
  /** Set by a refusal after which nothing that follows on the connection may be believed. */
  refused: boolean;
  /** Called when the connection stops being HTTP and becomes a tunnel. */
  readonly onTunnel: () => void;
}

/** What the connection has to know about a request under way. */
export interface OpenExchange {
  /** Still reading the request's content, and nothing of the answer has been sent. */
  readonly answerable: boolean;
  /** The answer before this one is out. */
  onTurn(): void;
}

/** Finds the host of a connection in the table now in force. */
export type HostLookup = (hostname: string) => ActiveHost | undefined;
