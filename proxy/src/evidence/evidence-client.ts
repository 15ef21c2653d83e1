// SPDX-License-Identifier: Apache-2.0
import { PROXY_ERRORS, ProxyError } from '../errors.ts';
import type { EvidenceAnswer, EvidenceCancel, EvidenceRequest } from '../ipc/evidence-messages.ts';

/** A session that evidence is wanted for. */
export type SessionRequest = Omit<EvidenceRequest, 'kind' | 'ticket'>;

/** A quote over a session. */
export interface SessionQuote {
  readonly quote: Uint8Array;
  /** Where the session is in a batch; absent when the quote is for it alone. */
  readonly batch:
    | {
        readonly index: number;
        readonly size: number;
        /** Unix milliseconds. */
        readonly time: number;
        readonly path: readonly Uint8Array[];
      }
    | undefined;
}

/** Makes evidence for sessions. */
export interface SessionEvidence {
  /**
   * @param signal aborted when nobody waits for the answer any more
   * @throws ProxyError ERR_PROXY_EVIDENCE_LEAF, ERR_PROXY_EVIDENCE_BUSY, ERR_PROXY_EVIDENCE_QUOTE
   */
  request(request: SessionRequest, signal: AbortSignal): Promise<SessionQuote>;
}

interface Pending {
  readonly resolve: (quote: SessionQuote) => void;
  readonly reject: (error: unknown) => void;
}

/** A worker's side of the conversation with the primary, which has the quoter. */
export class EvidenceClient implements SessionEvidence {
  private readonly send: (message: EvidenceRequest | EvidenceCancel) => void;
  private readonly pending = new Map<number, Pending>();
  private tickets = 0;

  constructor(send: (message: EvidenceRequest | EvidenceCancel) => void) {
    this.send = send;
  }

  async request(request: SessionRequest, signal: AbortSignal): Promise<SessionQuote> {
    signal.throwIfAborted();
    const ticket = (this.tickets += 1);
    const onAbort = (): void => {
      this.send({ kind: 'evidence-cancel', ticket });
      this.settle(ticket)?.reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        this.pending.set(ticket, { resolve, reject });
        this.send({ kind: 'evidence-request', ticket, ...request });
      });
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Takes what the primary answers. Nobody waits any more for some of it. */
  receive(answer: EvidenceAnswer): void {
    switch (answer.kind) {
      case 'evidence-batch': {
        const { quote, size, time } = answer;
        for (const { ticket, index, path } of answer.places) {
          this.settle(ticket)?.resolve({ quote, batch: { index, size, time, path } });
        }
        break;
      }
      case 'evidence-challenge':
        this.settle(answer.ticket)?.resolve({ quote: answer.quote, batch: undefined });
        break;
      case 'evidence-refusal':
        for (const ticket of answer.tickets) {
          this.settle(ticket)?.reject(new ProxyError(answer.code, PROXY_ERRORS[answer.code][1]));
        }
        break;
    }
  }

  private settle(ticket: number): Pending | undefined {
    const pending = this.pending.get(ticket);
    this.pending.delete(ticket);
    return pending;
  }
}
