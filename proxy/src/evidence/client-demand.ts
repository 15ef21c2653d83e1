// SPDX-License-Identifier: Apache-2.0
import type { ClientConnection } from '../http/client-connection.ts';
import type { PresentedEvidence } from './attest-question.ts';

/** Evidence of a client, and what it has to cover. */
export interface ClientPresentation extends PresentedEvidence {
  readonly connection: ClientConnection;
  /** The TLS exporter with the label of clients over the context. */
  readonly exported: Uint8Array;
}

/** Whose clients have to prove themselves, and how that is judged. */
export interface ClientDemand {
  /** Whether the client of a connection has to, and has not yet. */
  isDemanded(connection: ClientConnection): boolean;
  /** @throws ProxyError ERR_PROXY_EVIDENCE_CLIENT when the client is refused */
  judge(presentation: ClientPresentation, signal: AbortSignal): Promise<void>;
}
