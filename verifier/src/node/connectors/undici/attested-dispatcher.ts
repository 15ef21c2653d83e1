// SPDX-License-Identifier: Apache-2.0
import { Agent, Pool } from 'undici';
import type { PeerRequirements } from '../verify-peer.ts';
import { VerifiedClient } from './verified-client.ts';

/** What an undici agent can be told, except how it connects. */
export type AttestedDispatcherOptions = Omit<
  Agent.Options,
  | 'allowH2'
  | 'autoSelectFamily'
  | 'autoSelectFamilyAttemptTimeout'
  | 'connect'
  | 'factory'
  | 'localAddress'
  | 'maxCachedSessions'
  | 'socketPath'
  | 'tls'
>;

/**
 * An undici agent whose connections are verified before a request is written to them. Every connection of its pools is
 * verified by itself and stays verified while it is kept alive; TLS sessions are not resumed. Redirects lead to peers
 * that have to prove the same, and never to `http:`.
 *
 * Responses of `request()` and its relatives have the verdict in their `context`, see {@link VerifiedContext}. For
 * `fetch`, `attestedFetch` has it.
 *
 * @returns also a dispatcher for the global `fetch`; what is refused there is the `cause` of its `TypeError`
 * @example
 * ```ts
 * const dispatcher = attestedDispatcher({ policy, collateral, caRoots }, { connections: 4 });
 * const { body, context } = await request('https://app.example.com/', { dispatcher });
 * ```
 */
export function attestedDispatcher(
  requirements: PeerRequirements,
  options: AttestedDispatcherOptions = {},
): Agent {
  return new Agent({
    ...options,
    factory: (origin, poolOptions) =>
      new Pool(origin, {
        ...poolOptions,
        factory: (url, clientOptions) => new VerifiedClient(url, clientOptions, requirements),
      }),
  });
}
