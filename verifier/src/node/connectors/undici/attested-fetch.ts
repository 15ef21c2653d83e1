// SPDX-License-Identifier: Apache-2.0
import {
  type Agent,
  Dispatcher,
  fetch,
  type RequestInfo,
  type RequestInit,
  type Response,
} from 'undici';
import type { Verdict } from '@proofgate/verifier';
import { rememberVerdict } from '../peer-verdicts.ts';
import type { PeerRequirements } from '../verify-peer.ts';
import { attestedDispatcher, type AttestedDispatcherOptions } from './attested-dispatcher.ts';
import { interceptStart } from './start-interceptor.ts';

/** A `fetch` that talks to verified peers only. */
export interface AttestedFetch {
  (input: RequestInfo, init?: Omit<RequestInit, 'dispatcher'>): Promise<Response>;
  /** Closes the connections once their requests are done. */
  close(): Promise<void>;
}

/**
 * Makes a `fetch` whose requests leave after their peer has been verified.
 *
 * @returns a function like `fetch`; `verdictOf` tells for its responses what the peer has proved, after redirects the
 *   last one. What is refused is the `cause` of a `TypeError`
 * @example
 * ```ts
 * const fetch = attestedFetch({ policy, collateral, caRoots });
 * const response = await fetch('https://app.example.com/');
 * console.log(verdictOf(response)?.evidence.tee, await response.text());
 * ```
 */
export function attestedFetch(
  requirements: PeerRequirements,
  options: AttestedDispatcherOptions = {},
): AttestedFetch {
  const agent = attestedDispatcher(requirements, options);
  const fetchAttested = async (
    input: RequestInfo,
    init: Omit<RequestInit, 'dispatcher'> = {},
  ): Promise<Response> => {
    const dispatcher = new RecordingDispatcher(agent);
    const response = await fetch(input, { ...init, dispatcher });
    if (dispatcher.verdict !== undefined) rememberVerdict(response, dispatcher.verdict);
    return response;
  };
  return Object.assign(fetchAttested, { close: async () => agent.close() });
}

/** Notes which verdict stands behind the latest request of one `fetch`. */
class RecordingDispatcher extends Dispatcher {
  readonly #agent: Agent;
  verdict: Verdict | undefined;

  constructor(agent: Agent) {
    super();
    this.#agent = agent;
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    return this.#agent.dispatch(
      // Sound: fetch always names the origin.
      options as Agent.DispatchOptions,
      interceptStart(handler, (context) => {
        // Sound: the agent's clients put it there, and nothing stands between.
        this.verdict = (context as { readonly verdict?: Verdict }).verdict;
        return context;
      }),
    );
  }
}
