// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { equalBytes, SESSION_CONTEXT_BYTES } from '@proofgate/evidence';

/** RA-TLS v2, section 11.4: how long a client may take to make evidence for a context. */
export const CLIENT_CONTEXT_MS = 120_000;

interface Issued {
  readonly context: Uint8Array;
  readonly until: number;
}

/** What clients have to make their own evidence for: random, of one connection, and good for one attempt. */
export class ClientContexts {
  private readonly issued = new WeakMap<object, Issued>();
  private readonly monotonicMs: () => number;

  constructor(monotonicMs: () => number) {
    this.monotonicMs = monotonicMs;
  }

  /** A new context for a connection, in place of the one before. */
  issue(connection: object): Uint8Array {
    const context = Uint8Array.from(randomBytes(SESSION_CONTEXT_BYTES));
    this.issued.set(connection, { context, until: this.monotonicMs() + CLIENT_CONTEXT_MS });
    return context;
  }

  /** Whether a context was issued for the connection and still holds. It does not hold after this. */
  redeem(connection: object, context: Uint8Array): boolean {
    const issued = this.issued.get(connection);
    this.issued.delete(connection);
    if (issued === undefined || this.monotonicMs() > issued.until) return false;
    return equalBytes(issued.context, context);
  }
}
