// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { equalBytes, SESSION_CONTEXT_BYTES } from '@proofgate/evidence';

/** RA-TLS v2, section 11.4: how long a client may take to make evidence for a context. */
export const CLIENT_CONTEXT_MS = 120_000;

interface Issued {
  readonly context: Uint8Array;
  readonly at: number;
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
    this.issued.set(connection, { context, at: this.monotonicMs() });
    return context;
  }

  /**
   * Takes back a context; it does not hold after this.
   *
   * @returns how long ago it was issued, in milliseconds; `undefined` when it was not issued for the connection, or does
   *   not hold any more
   */
  redeem(connection: object, context: Uint8Array): number | undefined {
    const issued = this.issued.get(connection);
    this.issued.delete(connection);
    if (issued === undefined || !equalBytes(issued.context, context)) return undefined;
    const age = this.monotonicMs() - issued.at;
    return age > CLIENT_CONTEXT_MS ? undefined : age;
  }
}
