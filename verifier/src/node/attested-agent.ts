// SPDX-License-Identifier: Apache-2.0
import { Agent, type AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Verdict } from '@proofgate/verifier';
import type { ConnectOptions } from './connect-tls.ts';
import { verdictOf } from './connectors/peer-verdicts.ts';
import type { PeerRequirements } from './connectors/verify-peer.ts';
import { verifiedConnect } from './verified-connect.ts';

/**
 * An `https.Agent` whose connections are verified before a request is written to them. Kept-alive connections stay
 * verified: they are never resumed or shared with another host. Node does not count connections against `maxSockets`
 * while they are being verified, so that a burst of requests can open more.
 *
 * @example
 * ```ts
 * const agent = new AttestedAgent({ policy, collateral, caRoots }, { keepAlive: true });
 * https.get('https://app.example.com/', { agent }, (response) => console.log(agent.verdictOf(response.socket)?.binding));
 * ```
 */
export class AttestedAgent extends Agent {
  readonly #requirements: PeerRequirements;

  constructor(requirements: PeerRequirements, options: AgentOptions = {}) {
    super({ ...options, maxCachedSessions: 0 });
    this.#requirements = requirements;
  }

  /** What the peer of one of this agent's connections has proved. */
  verdictOf(socket: Duplex): Verdict | undefined {
    return verdictOf(socket);
  }

  /** Opens a connection that is verified before Node gets it; called by Node. */
  override createConnection(
    options: ConnectionRequest,
    callback: (error: Error | null, socket?: Duplex) => void,
  ): undefined {
    verifiedConnect(targetOf(options), this.#requirements).then(
      ({ socket }) => {
        callback(null, socket);
      },
      (error: unknown) => {
        callback(error instanceof Error ? error : new Error(String(error)));
      },
    );
    return undefined;
  }
}

/** What `https.request` passes on; it fills in a host and a port where the caller has named none. */
interface ConnectionRequest {
  readonly host: string;
  readonly port: number | string;
  readonly servername?: string;
}

function targetOf({ host, port, servername }: ConnectionRequest): ConnectOptions {
  return {
    host,
    port: Number(port),
    ...(servername === undefined || servername === '' ? {} : { servername }),
  };
}
