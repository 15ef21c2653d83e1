// SPDX-License-Identifier: Apache-2.0
import type { Verdict } from '@proofgate/verifier';

// One table for all connectors: whoever holds a connection, or what came over it, can ask what was proved about it.
const VERDICTS = new WeakMap<object, Verdict>();

/** Notes what the peer behind a connection, or behind something that came over one, has proved. */
export function rememberVerdict(holder: object, verdict: Verdict): void {
  VERDICTS.set(holder, verdict);
}

/**
 * What the peer of a connection has proved.
 *
 * @param holder a socket, an HTTP/2 session or its socket, a WebSocket, or a response of an attested fetch
 * @returns undefined for everything that no connector of this package has verified
 * @example
 * ```ts
 * https.get('https://app.example.com/', { agent }, (response) => console.log(verdictOf(response.socket)?.binding));
 * ```
 */
export function verdictOf(holder: object): Verdict | undefined {
  return VERDICTS.get(holder);
}
