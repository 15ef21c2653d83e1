// SPDX-License-Identifier: Apache-2.0
import { type buildConnector, Client, type Dispatcher } from 'undici';
import type { Verdict } from '@proofgate/verifier';
import { demandTls, withoutBrackets } from '../https-target.ts';
import type { PeerRequirements } from '../verify-peer.ts';
import { verifiedConnect } from '../../verified-connect.ts';
import { interceptStart } from './start-interceptor.ts';

/** What `context` of an undici response has in addition. */
export interface VerifiedContext {
  /** What the peer of the connection that the request went over has proved. */
  readonly verdict: Verdict;
}

/** A client, which undici gives one connection at a time, that verifies each of its connections. */
export class VerifiedClient extends Client {
  readonly #withVerdict: (context: object) => object;

  constructor(origin: URL | string, options: Client.Options, requirements: PeerRequirements) {
    const connection: Connection = { verdict: undefined };
    super(origin, {
      ...options,
      connect: connector(requirements, connection, options.connectTimeout),
    });
    // When a request is written, the connection it goes over is open, and is the only one.
    this.#withVerdict = (context) => ({ ...context, verdict: connection.verdict });
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    return super.dispatch(options, interceptStart(handler, this.#withVerdict));
  }
}

/** The connection that a client has open. */
interface Connection {
  verdict: Verdict | undefined;
}

function connector(
  requirements: PeerRequirements,
  connection: Connection,
  timeoutMs: number | undefined,
): buildConnector.connector {
  return ({ hostname, host, protocol, port, servername }, callback) => {
    const open = async (): Promise<void> => {
      demandTls(protocol, 'https:', host ?? hostname);
      const name = servername === undefined || servername === '' ? {} : { servername };
      const { socket, verdict } = await verifiedConnect(
        {
          host: withoutBrackets(hostname),
          port: port === '' ? 443 : Number(port),
          ...name,
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
        },
        requirements,
      );
      connection.verdict = verdict;
      callback(null, socket.setNoDelay(true));
    };
    open().catch((error: unknown) => {
      callback(error instanceof Error ? error : new Error(String(error)), null);
    });
  };
}
