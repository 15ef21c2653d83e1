// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { JournalEntry, JournalState } from '@proofgate/ca/operator';

import type { CommandContext } from '../context.ts';
import { unusable } from '../input/input-file.ts';
import { jsonText, printable } from '../output/printable.ts';
import { table } from '../output/table.ts';

/** Options of `proofgate ca journal …`. */
export interface CaJournalOptions {
  readonly dir: string;
  readonly json?: boolean;
}

/** Lists what the CA did. */
export async function caJournalList(
  options: CaJournalOptions,
  context: CommandContext,
): Promise<void> {
  const { entries } = await readJournal(options.dir);
  const rows = entries.map(({ seq, time, event }) => [
    String(seq),
    time,
    event.type,
    'serial' in event ? event.serial : '',
    detail(event),
  ]);
  context.terminal.out(
    options.json === true ? jsonText({ entries }) : table(rows.map((row) => row.map(printable))),
  );
}

/** Checks that the journal is whole and tells a history that can be. */
export async function caJournalVerify(
  options: CaJournalOptions,
  context: CommandContext,
): Promise<void> {
  const { entries, head, torn, state } = await readJournal(options.dir);
  const revoked = [...state.issued.values()].filter((issued) => issued.revoked !== undefined);
  const result = {
    entries: entries.length,
    issued: state.issued.size,
    revoked: revoked.length,
    head,
    cutOffBytes: torn,
  };
  context.terminal.out(
    options.json === true
      ? jsonText(result)
      : table([
          [
            'journal',
            'whole, every line follows from the one before it; it has all that was released',
          ],
          ['entries', String(result.entries)],
          ['issued', `${String(result.issued)}, of which revoked: ${String(result.revoked)}`],
          ['head', `${head}  (keep it elsewhere to notice a journal that was replaced)`],
          ...(torn === 0
            ? []
            : [['cut off', `${String(torn)} bytes of a write that was interrupted`]]),
        ]),
  );
}

async function readJournal(dir: string): Promise<{
  readonly entries: readonly JournalEntry[];
  readonly head: string;
  readonly torn: number;
  readonly state: JournalState;
}> {
  const operator = await import('@proofgate/ca/operator');
  const { CA_FILES, checkReleased, journalState, readJournalChain } = operator;
  const refuse = (error: unknown): never => {
    throw unusable(error);
  };
  // In this order: whoever works in the directory meanwhile writes the journal first.
  const released = await operator.readReleased(dir).catch(refuse);
  const bytes = await operator.readJournalFile(join(dir, CA_FILES.journal)).catch(refuse);
  const chain = readJournalChain(bytes);
  checkReleased(released, chain.entries);
  return { ...chain, state: journalState(chain.entries) };
}

function detail(event: JournalEntry['event']): string {
  switch (event.type) {
    case 'init':
      return 'root';
    case 'issue':
      return event.evidence_sha256 === undefined ? event.profile : `${event.profile}, attested`;
    case 'revoke':
      return event.reason;
    case 'crl':
      return `number ${String(event.number)}`;
    case 'rotate':
      return `${event.step}, instead of ${event.previous}`;
  }
}
