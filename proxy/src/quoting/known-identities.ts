// SPDX-License-Identifier: Apache-2.0
import type { Identity } from '../identity/mint-identity.ts';

/** What is remembered of an identity as long as connections that were opened with it may ask for evidence. */
export type KnownIdentity = Pick<Identity, 'id' | 'spki' | 'notAfter'> & {
  readonly hostname: string;
};

/**
 * Identities to remember. A host has two or three at a time; every change of what runs replaces all of them, and what
 * falls out costs its connections no more than being opened again. One takes some 300 bytes.
 */
export const MAX_KNOWN_IDENTITIES = 20_000;

/** The identities that this primary has made and that have not expired. */
export class KnownIdentities {
  /** In the order in which they were made. */
  private readonly known = new Map<string, KnownIdentity>();

  remember({ id, spki, notAfter, spec: { hostname } }: Identity, now: Date): void {
    this.known.set(id, { id, spki, notAfter, hostname });
    // Lifetimes are alike, so the first to expire are the first that were made.
    for (const [oldest, { notAfter: end }] of this.known) {
      if (this.known.size <= MAX_KNOWN_IDENTITIES && now < end) break;
      this.known.delete(oldest);
    }
  }

  find(id: string, now: Date): KnownIdentity | undefined {
    const identity = this.known.get(id);
    return identity !== undefined && now < identity.notAfter ? identity : undefined;
  }
}
