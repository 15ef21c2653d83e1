// SPDX-License-Identifier: Apache-2.0
import { ENROLMENT_NONCE_BYTES } from '@proofgate/evidence';
import { CaError } from '../errors.ts';

/** A nonce that was given out. */
export interface IssuedNonce {
  readonly nonce: Uint8Array;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** Five minutes: a quote takes seconds, fetching collateral may take some more. */
export const NONCE_LIFETIME_MS = 300_000;

/** A fleet that starts at once; each takes a hundred bytes. */
const MAX_OUTSTANDING = 10_000;

/** What a nonce book needs. */
export interface NonceBookOptions {
  readonly clock: () => Date;
  /** Cryptographically strong. */
  readonly randomBytes: (length: number) => Uint8Array;
}

/** Remembers which nonces were given out, so that each is accepted once, and only while it is fresh. */
export class NonceBook {
  readonly #options: NonceBookOptions;
  /** By base64, in the order of issue, and so of expiry. */
  readonly #outstanding = new Map<string, IssuedNonce>();

  constructor(options: NonceBookOptions) {
    this.#options = options;
  }

  /**
   * A new nonce.
   *
   * @throws CaError `ERR_CA_BUSY` when too many are outstanding
   */
  issue(): IssuedNonce {
    const issuedAt = this.#options.clock();
    this.#forgetExpired(issuedAt);
    if (this.#outstanding.size >= MAX_OUTSTANDING) {
      throw new CaError('ERR_CA_BUSY', 'too many enrolments are under way', {
        expected: `at most ${String(MAX_OUTSTANDING)}`,
        seen: String(this.#outstanding.size),
        hint: 'try again in a minute',
      });
    }
    const nonce = this.#options.randomBytes(ENROLMENT_NONCE_BYTES);
    const expiresAt = new Date(issuedAt.getTime() + NONCE_LIFETIME_MS);
    const issued = { nonce, issuedAt, expiresAt };
    this.#outstanding.set(keyOf(nonce), issued);
    return issued;
  }

  /**
   * Takes a nonce out of the book: whatever comes of the request, nobody can use it again.
   *
   * @throws CaError `ERR_CA_NONCE` when it was never given out, was used before, or has expired
   */
  redeem(nonce: Uint8Array): IssuedNonce {
    const key = keyOf(nonce);
    const issued = this.#outstanding.get(key);
    this.#outstanding.delete(key);
    const now = this.#options.clock();
    if (issued !== undefined && now <= issued.expiresAt) return issued;
    throw new CaError('ERR_CA_NONCE', 'the nonce is not one that this CA expects', {
      expected: `a nonce of the last ${String(NONCE_LIFETIME_MS / 60_000)} minutes, used once`,
      seen: issued === undefined ? 'an unknown or used one' : 'an expired one',
      hint: 'ask for a new nonce and make new evidence',
    });
  }

  #forgetExpired(now: Date): void {
    for (const [key, { expiresAt }] of this.#outstanding) {
      if (expiresAt >= now) return;
      this.#outstanding.delete(key);
    }
  }
}

function keyOf(nonce: Uint8Array): string {
  return Buffer.from(nonce).toString('base64');
}
