// SPDX-License-Identifier: Apache-2.0
import { type ClientOptions, WebSocket } from 'ws';
import { AttestedAgent } from '../../attested-agent.ts';
import { targetOfUrl } from '../https-target.ts';
import { rememberVerdict, verdictOf } from '../peer-verdicts.ts';
import type { PeerRequirements } from '../verify-peer.ts';

/** What a WebSocket of `ws` can be told, except how it connects. */
export interface AttestedWebSocketOptions extends Omit<
  ClientOptions,
  'agent' | 'createConnection' | 'followRedirects' | 'maxRedirects' | 'socketPath'
> {
  /** Subprotocols, the preferred first. */
  readonly protocols?: readonly string[];
}

/**
 * Opens a WebSocket over a connection that is verified before its upgrade request is written. It is not redirected.
 *
 * @param address such as `wss://app.example.com/events`
 * @returns the socket while it connects: what is refused arrives as its `error` event. From `upgrade` on, `verdictOf`
 *   tells what the peer has proved
 * @throws VerifierError `ERR_CONNECT_INSECURE`
 * @example
 * ```ts
 * const socket = attestedWebSocket('wss://app.example.com/events', { policy, collateral, caRoots });
 * socket.on('open', () => socket.send('hello'));
 * socket.on('error', (error) => console.error(error));
 * ```
 */
export function attestedWebSocket(
  address: string | URL,
  requirements: PeerRequirements,
  { protocols = [], ...options }: AttestedWebSocketOptions = {},
): WebSocket {
  targetOfUrl(new URL(address), 'wss:');
  const socket = new WebSocket(address, [...protocols], {
    ...options,
    agent: new AttestedAgent(requirements),
    followRedirects: false,
  });
  socket.once('upgrade', (response) => {
    const verdict = verdictOf(response.socket);
    if (verdict !== undefined) rememberVerdict(socket, verdict);
  });
  return socket;
}
