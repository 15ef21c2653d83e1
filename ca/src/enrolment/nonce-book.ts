// SPDX-License-Identifier: Apache-2.0
import { createHmac, timingSafeEqual } from 'node:crypto';
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

/** A nonce is the time in milliseconds, random bytes, and a code that only this process can make. */
const TIME_BYTES = 8;
const RANDOM_BYTES = 8;
const STATEMENT_BYTES: number = TIME_BYTES + RANDOM_BYTES;
/** 128 bits of HMAC-SHA256: nobody guesses one in five minutes. */
const CODE_BYTES: number = ENROLMENT_NONCE_BYTES - STATEMENT_BYTES;
const KEY_BYTES = 32;

/** Used nonces of one lifetime: a fleet that starts at once; each takes a hundred bytes. */
const MAX_REDEEMED = 100_000;

/** What a nonce book needs. */
export interface NonceBookOptions {
  readonly clock: () => Date;
  /** Cryptographically strong. */
  readonly randomBytes: (length: number) => Uint8Array;
}

/**
 * Gives out nonces that are each accepted once, and only while they are fresh. Giving one out leaves no trace, so that
 * nobody can use them up: a nonce proves by itself when it was made, and only used ones are remembered.
 */
export class NonceBook {
  readonly #options: NonceBookOptions;
  #key: Uint8Array;
  /** Which stretch of a nonce's lifetime it is; what was used in it, and in the one before, is remembered. */
  #window = 0;
  #redeemed = new Set<string>();
  #redeemedBefore = new Set<string>();

  constructor(options: NonceBookOptions) {
    this.#options = options;
    this.#key = options.randomBytes(KEY_BYTES);
  }

  /** A new nonce. */
  issue(): IssuedNonce {
    const issuedAt = this.#now();
    const statement = Buffer.alloc(STATEMENT_BYTES);
    statement.writeBigUInt64BE(BigInt(issuedAt.getTime()));
    statement.set(this.#options.randomBytes(RANDOM_BYTES), TIME_BYTES);
    const nonce = new Uint8Array(Buffer.concat([statement, this.#code(statement)]));
    return { nonce, issuedAt, expiresAt: expiryOf(issuedAt) };
  }

  /**
   * Uses a nonce: whatever comes of the request, nobody can use it again.
   *
   * @throws CaError `ERR_CA_NONCE` when it was never given out, was used before, or has expired; `ERR_CA_BUSY` when more
   *   were used than can be remembered
   */
  redeem(nonce: Uint8Array): IssuedNonce {
    const now = this.#now();
    const bytes = Buffer.from(nonce);
    if (!this.#isOurs(bytes)) throw refused('an unknown one');
    const issuedAt = new Date(Number(bytes.readBigUInt64BE()));
    const expiresAt = expiryOf(issuedAt);
    if (now > expiresAt) throw refused('an expired one');
    const name = bytes.toString('base64');
    if (this.#redeemed.has(name) || this.#redeemedBefore.has(name)) throw refused('a used one');
    if (this.#redeemed.size >= MAX_REDEEMED) throw busy(this.#redeemed.size);
    this.#redeemed.add(name);
    return { nonce, issuedAt, expiresAt };
  }

  /** A nonce that is used in one window expires in the next at the latest. */
  #now(): Date {
    const now = this.#options.clock();
    const window = Math.floor(now.getTime() / NONCE_LIFETIME_MS);
    if (window === this.#window) return now;
    // With a clock that was set back, nonces that were used and forgotten would be good again.
    if (window < this.#window) this.#key = this.#options.randomBytes(KEY_BYTES);
    this.#redeemedBefore = window === this.#window + 1 ? this.#redeemed : new Set();
    this.#redeemed = new Set();
    this.#window = window;
    return now;
  }

  #isOurs(nonce: Buffer): boolean {
    if (nonce.length !== ENROLMENT_NONCE_BYTES) return false;
    const code = this.#code(nonce.subarray(0, STATEMENT_BYTES));
    return timingSafeEqual(code, nonce.subarray(STATEMENT_BYTES));
  }

  #code(statement: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(statement).digest().subarray(0, CODE_BYTES);
  }
}

function expiryOf(issuedAt: Date): Date {
  return new Date(issuedAt.getTime() + NONCE_LIFETIME_MS);
}

function refused(seen: string): CaError {
  return new CaError('ERR_CA_NONCE', 'the nonce is not one that this CA expects', {
    expected: `a nonce of the last ${String(NONCE_LIFETIME_MS / 60_000)} minutes, used once`,
    seen,
    hint: 'ask for a new nonce and make new evidence',
  });
}

function busy(seen: number): CaError {
  return new CaError('ERR_CA_BUSY', 'too many enrolments are under way', {
    expected: `fewer than ${String(MAX_REDEEMED)} in ${String(NONCE_LIFETIME_MS / 60_000)} minutes`,
    seen: String(seen),
    hint: 'try again in some minutes',
  });
}
