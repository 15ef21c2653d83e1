// SPDX-License-Identifier: Apache-2.0
import { CaError } from '../errors.ts';
import {
  journalHash,
  MAX_LINE_BYTES,
  NO_ENTRY,
  parseJournalLine,
  type JournalEntry,
} from './journal-entry.ts';

/** A journal as read: every line in its place. */
export interface JournalChain {
  readonly entries: readonly JournalEntry[];
  /** Hash of the last line; `prev` of the next. */
  readonly head: string;
  /** Bytes of whole lines. */
  readonly length: number;
  /** Bytes behind the last line break: an append that was cut off, of which nobody was told. */
  readonly torn: number;
}

const LINE_FEED = 0x0a;

/**
 * Reads a journal and checks that every line follows from the one before it.
 *
 * @param bytes - the whole file
 * @returns the entries; a last line without a line break is not one
 * @throws CaError `ERR_CA_JOURNAL_INVALID`, naming the line
 */
export function readJournalChain(bytes: Uint8Array): JournalChain {
  const entries: JournalEntry[] = [];
  let head = NO_ENTRY;
  let start = 0;
  for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
    const line = bytes.subarray(start, end);
    const entry = readLine(line, entries, head);
    entries.push(entry);
    head = journalHash(new TextDecoder().decode(line));
    start = end + 1;
  }
  return { entries, head, length: start, torn: bytes.length - start };
}

function readLine(line: Uint8Array, before: readonly JournalEntry[], head: string): JournalEntry {
  const number = String(before.length + 1);
  if (line.length > MAX_LINE_BYTES) throw invalid(`line ${number} is too long`);
  const entry = parseJournalLine(line);
  if (entry.seq !== before.length) {
    throw invalid(`line ${number} of the journal has another place`, {
      expected: String(before.length),
      seen: String(entry.seq),
    });
  }
  if (entry.prev !== head) {
    throw invalid(`line ${number} of the journal does not follow from the one before it`, {
      expected: head,
      seen: entry.prev,
    });
  }
  const earlier = before.at(-1)?.time;
  if (earlier !== undefined && entry.time < earlier) {
    throw invalid(`line ${number} of the journal is older than the one before it`, {
      expected: `a time from ${earlier}`,
      seen: entry.time,
    });
  }
  return entry;
}

function invalid(message: string, details?: { expected: string; seen: string }): CaError {
  return new CaError('ERR_CA_JOURNAL_INVALID', message, {
    ...details,
    hint: 'the file was changed after it was written: restore it from a backup',
  });
}
