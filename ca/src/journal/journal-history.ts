// SPDX-License-Identifier: Apache-2.0
import { CaError } from '../errors.ts';
import { journalHash, journalLine, NO_ENTRY, type JournalEntry } from './journal-entry.ts';
import { applyEntry, beginState, type JournalDraft, type JournalState } from './journal-state.ts';

/** A beginning of a journal whose every entry was verified. */
interface VerifiedPart {
  readonly draft: JournalDraft;
  /** How many entries. */
  count: number;
  /** Hash of the last of them, and through it of all. */
  head: string;
}

/**
 * The situation of a CA whose journal grows. Every entry is verified once, as `journalState` does it, and what was added
 * since against the situation before it: a CA that has issued a hundred thousand certificates would otherwise verify the
 * signatures of all of them whenever it is asked about one.
 */
export class JournalHistory {
  #verified: VerifiedPart | undefined;

  /**
   * The situation after the last entry.
   *
   * @param entries - the whole journal; one that does not begin with what was verified last time is verified anew
   * @returns a view that grows with the next call
   * @throws CaError `ERR_CA_JOURNAL_INVALID`; nothing is kept then, and the next call verifies everything
   */
  state(entries: readonly JournalEntry[]): JournalState {
    const known = this.#verified;
    this.#verified = undefined;
    const verified = known !== undefined && continues(known, entries) ? known : begin(entries);
    for (const entry of entries.slice(verified.count)) follow(verified, entry);
    this.#verified = verified;
    return verified.draft;
  }
}

function continues({ count, head }: VerifiedPart, entries: readonly JournalEntry[]): boolean {
  return hashOf(entries[count - 1]) === head;
}

function begin(entries: readonly JournalEntry[]): VerifiedPart {
  return { draft: beginState(entries[0]), count: 1, head: hashOf(entries[0]) };
}

function follow(verified: VerifiedPart, entry: JournalEntry): void {
  const { draft, count, head } = verified;
  if (entry.seq !== count || entry.prev !== head) {
    throw new CaError('ERR_CA_JOURNAL_INVALID', 'the journal does not go on where it was read to', {
      expected: `entry ${String(count)} behind ${head}`,
      seen: `entry ${String(entry.seq)} behind ${entry.prev}`,
    });
  }
  applyEntry(draft, entry);
  verified.count += 1;
  verified.head = hashOf(entry);
}

function hashOf(entry: JournalEntry | undefined): string {
  return entry === undefined ? NO_ENTRY : journalHash(journalLine(entry));
}
