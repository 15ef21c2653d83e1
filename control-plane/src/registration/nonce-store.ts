// SPDX-License-Identifier: Apache-2.0
import { FLEET_NONCE_BYTES, sha256, toHex, type FleetPurpose } from '@proofgate/evidence';
import { z } from 'zod';
import { FleetError, type FleetErrorCode } from '../errors.ts';
import { firstRow, sqlInteger, type Queries } from '../store/database.ts';

/** Five minutes: a quote takes seconds, fetching collateral may take some more. */
export const NONCE_LIFETIME_MS = 300_000;

/** An agent has one exchange under way; one that starts again and again has some. */
const MAX_PER_KEY = 8;
/** A fleet of some ten thousand that starts at once. */
const MAX_NONCES = 100_000;

/** What a nonce is good for. */
export interface NonceUse {
  readonly purpose: FleetPurpose;
  /** SHA-256 of the SubjectPublicKeyInfo of who asked for it, hex. */
  readonly keySha256: string;
}

/** A nonce that was given out. */
export interface IssuedNonce {
  readonly nonce: Uint8Array;
  readonly expiresAt: Date;
}

const countRow = z.strictObject({ own: sqlInteger, all: sqlInteger });
const issuedRow = z.strictObject({ issued_at: z.date() });
const nonceRow = z.strictObject({
  purpose: z.string(),
  key_sha256: z.string(),
  expires_at: z.date(),
  used_at: z.date().nullable(),
});

/**
 * Gives out a nonce to a key, for one purpose.
 *
 * @param queries - of a transaction
 * @param randomBytes - cryptographically strong
 * @throws FleetError `ERR_FLEET_BUSY`
 */
export async function issueNonce(
  queries: Queries,
  { purpose, keySha256 }: NonceUse,
  at: Date,
  randomBytes: (length: number) => Uint8Array,
): Promise<IssuedNonce> {
  // Kept for another lifetime, so that who comes too late is told so.
  const forgotten = new Date(at.getTime() - NONCE_LIFETIME_MS);
  await queries.run('DELETE FROM nonces WHERE expires_at < $1', [forgotten]);
  const [count] = await queries.rows(
    countRow,
    `SELECT count(*) FILTER (WHERE key_sha256 = $1 AND used_at IS NULL AND expires_at > $2) AS own,
      count(*) AS all FROM nonces`,
    [keySha256, at],
  );
  if (count === undefined || count.own >= MAX_PER_KEY || count.all >= MAX_NONCES) {
    throw new FleetError('ERR_FLEET_BUSY', 'too many nonces are under way', {
      expected: `fewer than ${String(MAX_PER_KEY)} for a key, and than ${String(MAX_NONCES)}`,
      hint: 'try again in some minutes',
    });
  }
  const nonce = randomBytes(FLEET_NONCE_BYTES);
  const expiresAt = new Date(at.getTime() + NONCE_LIFETIME_MS);
  await queries.run(
    `INSERT INTO nonces (nonce_sha256, purpose, key_sha256, issued_at, expires_at)
      VALUES ($1, $2, $3, $4, $5)`,
    [toHex(sha256(nonce)), purpose, keySha256, at, expiresAt],
  );
  return { nonce, expiresAt };
}

/**
 * Uses a nonce: of any number of requests, on any number of instances, exactly one gets it. Who may not use it does not use
 * it up either, so that nobody can end the exchange of another.
 *
 * @returns when it was given out
 * @throws FleetError `ERR_FLEET_NONCE_UNKNOWN`, `ERR_FLEET_NONCE_PURPOSE`, `ERR_FLEET_NONCE_KEY`, `ERR_FLEET_NONCE_USED`,
 *   `ERR_FLEET_NONCE_EXPIRED`, in this order
 */
export async function redeemNonce(
  queries: Queries,
  nonce: Uint8Array,
  { purpose, keySha256 }: NonceUse,
  at: Date,
): Promise<Date> {
  const name = toHex(sha256(nonce));
  const redeemed = await firstRow(
    queries,
    issuedRow,
    `UPDATE nonces SET used_at = $4
      WHERE nonce_sha256 = $1 AND purpose = $2 AND key_sha256 = $3 AND used_at IS NULL AND expires_at > $4
      RETURNING issued_at`,
    [name, purpose, keySha256, at],
  );
  if (redeemed !== undefined) return redeemed.issued_at;
  const row = await firstRow(
    queries,
    nonceRow,
    'SELECT purpose, key_sha256, expires_at, used_at FROM nonces WHERE nonce_sha256 = $1',
    [name],
  );
  if (row === undefined) throw refused('ERR_FLEET_NONCE_UNKNOWN', 'an unknown one');
  if (row.purpose !== purpose) throw refused('ERR_FLEET_NONCE_PURPOSE', `one for ${row.purpose}`);
  if (row.key_sha256 !== keySha256) throw refused('ERR_FLEET_NONCE_KEY', 'one of another key');
  if (row.used_at !== null) throw refused('ERR_FLEET_NONCE_USED', 'a used one');
  throw refused('ERR_FLEET_NONCE_EXPIRED', `one that expired at ${row.expires_at.toISOString()}`);
}

function refused(code: FleetErrorCode, seen: string): FleetError {
  return new FleetError(code, 'the nonce is not one that this request can use', {
    expected: `a nonce of the last ${String(NONCE_LIFETIME_MS / 1_000)} seconds, for this key and purpose`,
    seen,
    hint: 'ask for a new nonce and make new evidence',
  });
}
