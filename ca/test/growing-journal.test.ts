// SPDX-License-Identifier: Apache-2.0
import {
  appendFileSync,
  copyFileSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { Journal } from '@proofgate/ca/operator';
import { createRoot } from '@proofgate/ca/authorities';
import { parseCertificate, toBase64, toHex } from '@proofgate/evidence';
import { describe, expect, it } from 'vitest';
import {
  journalHash,
  journalLine,
  NO_ENTRY,
  type JournalEntry,
  type JournalEvent,
} from '../src/journal/journal-entry.ts';
import { JournalHistory } from '../src/journal/journal-history.ts';
import { emptyDirectory } from './ca-directory.ts';
import { AT, forge, intermediary, refusal, root } from './pki.ts';

const INIT = { type: 'init', root: toBase64(root.certificate) } as const;
const other = await createRoot({ commonName: 'Other Root', days: 10, at: AT });
const OTHER_INIT = { type: 'init', root: toBase64(other.certificate) } as const;
const ISSUE = issue(intermediary.certificate);
const REVOKE = { type: 'revoke', serial: ISSUE.serial, reason: 'superseded' } as const;
const STRANGER = issue(forge({ subject: 'Stranger' }).certificate);
const INVALID = refusal('ERR_CA_JOURNAL_INVALID');

function issue(certificate: Uint8Array): Extract<JournalEvent, { type: 'issue' }> {
  const serial = toHex(parseCertificate(certificate).serialNumber);
  const what = { type: 'issue', profile: 'intermediary', key: 'generated' } as const;
  return { ...what, serial, certificate: toBase64(certificate) };
}

/** A journal whose hashes are right whatever is in it. */
function chain(...events: readonly JournalEvent[]): readonly JournalEntry[] {
  let prev = NO_ENTRY;
  return events.map((event, seq) => {
    const entry = { seq, time: AT.toISOString(), prev, event };
    prev = journalHash(journalLine(entry));
    return entry;
  });
}

describe('the history of a journal that grows', () => {
  it('verifies an entry once, and what was added behind it', () => {
    const history = new JournalHistory();
    const issued = history.state(chain(INIT, ISSUE)).issued.get(ISSUE.serial);
    expect(issued?.revoked).toBeUndefined();
    const after = history.state(chain(INIT, ISSUE, REVOKE)).issued.get(ISSUE.serial);
    expect(after?.revoked?.reason).toBe('superseded');
    // The very object: nothing has read the certificate again.
    expect(after?.certificate).toBe(issued?.certificate);
    expect(history.state(chain(INIT, ISSUE, REVOKE)).issued.get(ISSUE.serial)).toBe(after);
  });

  it.each<[string, readonly JournalEvent[]]>([
    ['a certificate of another CA', [STRANGER]],
    ['a certificate again', [ISSUE]],
    ['another root', [OTHER_INIT]],
    ['a second revocation', [REVOKE, REVOKE]],
  ])('refuses what was added when it is %s, and every time', (_, added) => {
    const history = new JournalHistory();
    history.state(chain(INIT, ISSUE));
    for (let again = 0; again < 2; again += 1) {
      expect(() => history.state(chain(INIT, ISSUE, ...added))).toThrow(INVALID);
    }
    expect(history.state(chain(INIT, ISSUE)).issued.size).toBe(1);
  });

  it('refuses what was added with another hash of what is before it, or in another place', () => {
    const entries = chain(INIT, ISSUE, REVOKE);
    const [revoke] = entries.slice(-1);
    if (revoke === undefined) throw new Error('there are three entries');
    for (const wrong of [{ prev: NO_ENTRY }, { seq: 3 }]) {
      const history = new JournalHistory();
      history.state(entries.slice(0, 2));
      expect(() => history.state([...entries.slice(0, 2), { ...revoke, ...wrong }])).toThrow(
        INVALID,
      );
      expect(history.state(entries).issued.get(ISSUE.serial)?.revoked).toBeDefined();
    }
  });

  it('is read anew where the journal is another one, or shorter', () => {
    const history = new JournalHistory();
    history.state(chain(INIT, ISSUE, REVOKE));
    expect(history.state(chain(INIT, ISSUE)).issued.get(ISSUE.serial)?.revoked).toBeUndefined();
    expect(history.state(chain(OTHER_INIT)).root.raw).toEqual(other.certificate);
    // Of another root: had the first entries been taken for those of before, it would not be noticed.
    history.state(chain(INIT, ISSUE));
    expect(() => history.state(chain(OTHER_INIT, ISSUE, REVOKE))).toThrow(INVALID);
    expect(() => history.state([])).toThrow(INVALID);
  });
});

describe('the file of an open journal', () => {
  async function opened(): Promise<{ path: string; journal: Journal }> {
    const path = join(emptyDirectory(), 'journal.jsonl');
    const journal = await Journal.open(path);
    await journal.append(INIT, AT);
    return { path, journal };
  }

  it.each<[string, (path: string) => void]>([
    ['added to', (path) => appendFileSync(path, 'x')],
    ['cut', (path) => truncateSync(path, statSync(path).size - 1)],
    [
      'replaced by another of the same length',
      (path) => {
        copyFileSync(path, `${path}.copy`);
        renameSync(`${path}.copy`, path);
      },
    ],
  ])('is not written to when it was %s', async (_, change) => {
    const { path, journal } = await opened();
    change(path);
    const before = readFileSync(path);
    await expect(journal.append(INIT, AT)).rejects.toEqual(INVALID);
    expect(readFileSync(path)).toEqual(before);
    expect(journal.entries).toHaveLength(1);
  });

  it('is not begun again when it was removed', async () => {
    const { path, journal } = await opened();
    rmSync(path);
    await expect(journal.append(INIT, AT)).rejects.toEqual(refusal('ERR_CA_JOURNAL_FAILED'));
    expect(() => statSync(path)).toThrow('ENOENT');
  });

  it('is the one that was read, also at the first append', async () => {
    const { path } = await opened();
    copyFileSync(path, `${path}.copy`);
    const again = await Journal.open(path);
    renameSync(`${path}.copy`, path);
    await expect(again.append(INIT, AT)).rejects.toEqual(INVALID);
  });
});
