// SPDX-License-Identifier: Apache-2.0
import { FleetError } from '../errors.ts';
import type { Queries } from '../store/database.ts';
import { auditHash, NO_ENTRY, parseAuditLine } from './audit-entry.ts';
import { auditRows, type AuditHead, type AuditRow } from './audit-log.ts';

/** Entries that are read at once. */
const PAGE = 1_000;

/** A log that was read from its beginning to its end. */
export interface VerifiedAudit {
  readonly entries: number;
  /** `undefined` for an empty log. */
  readonly head: AuditHead | undefined;
}

/**
 * Reads the whole log and checks that every entry is whole and follows from the one before it.
 *
 * @param known - an entry that was there before, such as the head of an earlier verification: it has to be there still.
 *   Without one, a log that was cut off at its end or written anew from its beginning cannot be told
 * @throws FleetError `ERR_FLEET_AUDIT_INVALID`, naming the entry
 */
export async function verifyAudit(queries: Queries, known?: AuditHead): Promise<VerifiedAudit> {
  let head: AuditHead | undefined;
  for (;;) {
    const rows = await auditRows(queries, (head?.seq ?? -1) + 1, PAGE);
    for (const row of rows) {
      checkRow(row, head);
      head = { seq: row.seq, hash: row.hash };
      checkKnown(head, known);
    }
    if (rows.length < PAGE) break;
  }
  const entries = head === undefined ? 0 : head.seq + 1;
  if (known !== undefined && known.seq >= entries) {
    throw invalid('the log ends before an entry that is known', `entry ${String(known.seq)}`, {
      seen: `${String(entries)} entries`,
    });
  }
  return { entries, head };
}

function checkRow(row: AuditRow, before: AuditHead | undefined): void {
  const place = before === undefined ? 0 : before.seq + 1;
  const name = `entry ${String(place)}`;
  const { seq, prev } = parseAuditLine(row.entry);
  if (row.seq !== place || seq !== place) {
    throw invalid(`${name} is missing`, name, { seen: `entry ${String(row.seq)}` });
  }
  const expected = before?.hash ?? NO_ENTRY;
  if (prev !== expected || row.prev !== expected) {
    throw invalid(`${name} does not follow from the one before it`, expected, { seen: prev });
  }
  const hash = auditHash(row.entry);
  if (row.hash !== hash) throw invalid(`${name} was changed`, row.hash, { seen: hash });
}

function checkKnown(head: AuditHead, known: AuditHead | undefined): void {
  if (known?.seq !== head.seq || known.hash === head.hash) return;
  throw invalid(`entry ${String(head.seq)} is not the one that is known`, known.hash, {
    seen: head.hash,
  });
}

function invalid(
  message: string,
  expected: string,
  { seen }: { readonly seen: string },
): FleetError {
  return new FleetError('ERR_FLEET_AUDIT_INVALID', message, {
    expected,
    seen,
    hint: 'the database was changed by hand: restore a backup, and find out who did',
  });
}
