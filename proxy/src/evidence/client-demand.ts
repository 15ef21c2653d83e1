// SPDX-License-Identifier: Apache-2.0
import type { ClientConnection } from '../http/client-connection.ts';
import type { PresentedEvidence } from './attest-question.ts';

/** Evidence of a client, and what it has to cover. */
export interface ClientPresentation extends PresentedEvidence {
  readonly connection: ClientConnection;
  /** The TLS exporter with the label of clients over the context. */
  readonly exported: Uint8Array;
  /** How long ago the client was given the context: its evidence is not older. */
  readonly contextAgeMs: number;
}

/**
 * What a host wants of the client of a connection: nothing; evidence, if the client has some to show; or evidence before
 * anything is served.
 */
export type ClientWish = 'none' | 'welcome' | 'required';

/** Whose clients have to prove themselves, and how that is judged. */
export interface ClientDemand {
  wishOf(connection: ClientConnection): ClientWish;
  /** @throws ProxyError when the client is refused */
  judge(presentation: ClientPresentation, signal: AbortSignal): Promise<void>;
}
