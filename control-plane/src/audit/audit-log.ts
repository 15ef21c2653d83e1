// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { firstRow, sqlInteger, type Queries } from '../store/database.ts';
import { auditHash, auditLine, NO_ENTRY, type AuditEntry, type AuditEvent } from './audit-entry.ts';

/** Of pg_advisory_xact_lock: the bytes of `audit`. */
const AUDIT_LOCK = 0x61_75_64_69_74;

/** Where the log ends. Kept elsewhere, it shows later that nothing before it was changed or cut off. */
export interface AuditHead {
  readonly seq: number;
  /** SHA-256 of the entry, hex. */
  readonly hash: string;
}

const headRow: z.ZodType<AuditHead, unknown> = z.strictObject({
  seq: sqlInteger,
  hash: z.string(),
});

/**
 * Writes an entry in the transaction of what it is about: both take effect or neither does. Entries are written one at a
 * time, so this is to be the last thing that a transaction does.
 *
 * @param queries - of a transaction
 * @param event - what was decided or done
 * @param at - when
 * @returns the entry
 */
export async function appendAudit(
  queries: Queries,
  event: AuditEvent,
  at: Date,
): Promise<AuditEntry> {
  await queries.run('SELECT pg_advisory_xact_lock($1)', [AUDIT_LOCK]);
  const head = await auditHead(queries);
  const entry: AuditEntry = {
    seq: head === undefined ? 0 : head.seq + 1,
    time: at.toISOString(),
    prev: head?.hash ?? NO_ENTRY,
    event,
  };
  const line = auditLine(entry);
  await queries.run('INSERT INTO audit (seq, prev, hash, entry) VALUES ($1, $2, $3, $4)', [
    entry.seq,
    entry.prev,
    auditHash(line),
    line,
  ]);
  return entry;
}

/** The last entry; `undefined` for an empty log. */
export function auditHead(queries: Queries): Promise<AuditHead | undefined> {
  return firstRow(queries, headRow, 'SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1');
}

/** An entry as the table has it. */
export interface AuditRow extends AuditHead {
  readonly prev: string;
  readonly entry: string;
}

const lineRow: z.ZodType<AuditRow, unknown> = z.strictObject({
  seq: sqlInteger,
  prev: z.string(),
  hash: z.string(),
  entry: z.string(),
});

/**
 * Entries as they are kept.
 *
 * @param from - the first one
 * @param limit - how many at most
 */
export function auditRows(
  queries: Queries,
  from: number,
  limit: number,
): Promise<readonly AuditRow[]> {
  return queries.rows(
    lineRow,
    'SELECT seq, prev, hash, entry FROM audit WHERE seq >= $1 ORDER BY seq LIMIT $2',
    [from, limit],
  );
}
