// SPDX-License-Identifier: Apache-2.0
import { appendFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  Journal,
  journalState,
  readJournalChain,
  revokeCertificate,
  type JournalEntry,
} from '@proofgate/ca/operator';
import { toBase64 } from '@proofgate/evidence';
import { caDirectory, emptyDirectory, issueOne, withCa } from './ca-directory.ts';
import { AT, forge, pem, refusal, root } from './pki.ts';

const INIT = { type: 'init', root: toBase64(root.certificate) } as const;

async function journalOf(...times: Date[]): Promise<{ path: string; journal: Journal }> {
  const path = join(emptyDirectory(), 'journal.jsonl');
  const journal = await Journal.open(path);
  for (const at of times) await journal.append(INIT, at);
  return { path, journal };
}

const read = (path: string): readonly JournalEntry[] =>
  readJournalChain(readFileSync(path)).entries;

describe('a journal', () => {
  it('is a file for its owner with one line an entry', async () => {
    const { path, journal } = await journalOf(AT, AT);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[2]).toBe('');
    expect(read(path)).toEqual(journal.entries);
    expect(read(path).map(({ seq }) => seq)).toEqual([0, 1]);
    expect(read(path)[0]?.prev).toBe('0'.repeat(64));
  });

  it('goes on where it ended', async () => {
    const { path, journal } = await journalOf(AT);
    const again = await Journal.open(path);
    expect(again.head).toBe(journal.head);
    await again.append(INIT, AT);
    expect(read(path)).toHaveLength(2);
  });

  it('keeps appends of one process in order', async () => {
    const { path, journal } = await journalOf();
    await Promise.all(Array.from({ length: 20 }, () => journal.append(INIT, AT)));
    expect(read(path)).toHaveLength(20);
  });

  it('stays readable when the clock is set back', async () => {
    const { path, journal } = await journalOf(AT);
    await journal.append(INIT, new Date(AT.getTime() - 60_000));
    expect(read(path)[1]?.time).toBe(AT.toISOString());
  });

  it('drops what a crash cut off, and appends behind the last whole line', async () => {
    const { path } = await journalOf(AT, AT);
    const whole = readFileSync(path);
    appendFileSync(path, whole.subarray(0, 40));
    expect(readJournalChain(readFileSync(path))).toMatchObject({ torn: 40, length: whole.length });
    const again = await Journal.open(path);
    expect(readFileSync(path)).toEqual(whole);
    await again.append(INIT, AT);
    expect(read(path)).toHaveLength(3);
  });

  it('refuses every change of a byte but in the line that was cut off', async () => {
    const { path } = await journalOf(AT, AT, AT);
    const whole = readFileSync(path);
    for (let offset = 0; offset < whole.length; offset += 37) {
      const changed = Buffer.from(whole);
      changed[offset] = (changed[offset] ?? 0) ^ 1;
      const result = (): string => readJournalChain(changed).head;
      // The last line is what nothing follows from: a change there shows in the head alone.
      const last = whole.lastIndexOf(0x0a, whole.length - 2);
      if (offset <= last) expect(result, `offset ${String(offset)}`).toThrow();
      else if (offset < whole.length - 1) {
        const head = readJournalChain(whole).head;
        expect(outcome(result)).not.toBe(head);
      }
    }
  });

  it.each([
    ['left out', (lines: string[]) => lines.splice(1, 1)],
    ['put in twice', (lines: string[]) => lines.splice(1, 0, lines[1] ?? '')],
    ['in another order', (lines: string[]) => lines.splice(0, 2, lines[1] ?? '', lines[0] ?? '')],
  ])('refuses a line that is %s', async (_, change) => {
    const { path } = await journalOf(AT, AT, AT);
    const lines = readFileSync(path, 'utf8').split('\n');
    change(lines);
    writeFileSync(path, lines.join('\n'));
    await expect(Journal.open(path)).rejects.toEqual(refusal('ERR_CA_JOURNAL_INVALID'));
  });

  it('refuses other spellings of the same entry', async () => {
    const { path } = await journalOf(AT);
    writeFileSync(path, readFileSync(path, 'utf8').replace('{', '{ '));
    await expect(Journal.open(path)).rejects.toEqual(refusal('ERR_CA_JOURNAL_INVALID'));
  });
});

describe('a journal on a disk that fails', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** The methods of all open files, to let the disk fail. */
  async function fileMethods(path: string): Promise<FileHandle> {
    const file = await open(path);
    await file.close();
    // Sound: the prototype of a file handle has its methods.
    return Object.getPrototypeOf(file) as FileHandle;
  }

  it('goes on behind the last whole line when the failure could be undone', async () => {
    const { path, journal } = await journalOf(AT);
    const methods = await fileMethods(path);
    vi.spyOn(methods, 'sync').mockRejectedValueOnce(new Error('EIO'));
    await expect(journal.append(INIT, AT)).rejects.toEqual(refusal('ERR_CA_JOURNAL_FAILED'));
    expect(read(path)).toHaveLength(1);
    await journal.append(INIT, AT);
    expect(read(path)).toEqual(journal.entries);
  });

  it('is not appended to any more when it could not', async () => {
    const { path, journal } = await journalOf(AT);
    const methods = await fileMethods(path);
    vi.spyOn(methods, 'sync').mockRejectedValueOnce(new Error('EIO'));
    vi.spyOn(methods, 'truncate').mockRejectedValueOnce(new Error('EIO'));
    await expect(journal.append(INIT, AT)).rejects.toEqual(refusal('ERR_CA_JOURNAL_FAILED'));
    const before = readFileSync(path);
    for (let again = 0; again < 2; again += 1) {
      await expect(journal.append(INIT, AT)).rejects.toEqual(refusal('ERR_CA_JOURNAL_FAILED'));
    }
    expect(readFileSync(path)).toEqual(before);
    await (await Journal.open(path)).append(INIT, AT);
    expect(read(path)).toHaveLength(3);
  });

  it('keeps room to revoke when it can take no more certificates', async () => {
    const { path } = await journalOf(AT);
    const line = statSync(path).size;
    const journal = await Journal.open(path, { maxBytes: Math.ceil(line * 2.15) });
    await expect(journal.append(INIT, AT)).rejects.toEqual(refusal('ERR_CA_JOURNAL_FAILED'));
    const revoke = { type: 'revoke', serial: '01', reason: 'keyCompromise' } as const;
    let revoked = 0;
    for (; journal.entries.length < 50; revoked += 1) {
      const full = await journal.append(revoke, AT).then(
        () => false,
        () => true,
      );
      if (full) break;
    }
    expect(revoked).toBeGreaterThan(0);
    expect(statSync(path).size).toBeGreaterThan(line * 2.15 * 0.9);
    expect(statSync(path).size).toBeLessThanOrEqual(Math.ceil(line * 2.15));
  });
});

describe('the history in a journal', () => {
  it('has what was issued and revoked', async () => {
    const directory = caDirectory();
    const [first, second] = await withCa(directory, async (ca) => {
      const issued = [await issueOne(ca), await issueOne(ca)] as const;
      await revokeCertificate(ca, { serial: issued[0].serial, reason: 'keyCompromise', at: AT });
      return issued;
    });
    const { issued } = journalState(read(join(directory, 'journal.jsonl')));
    expect([...issued.keys()]).toEqual([first.serial, second.serial]);
    expect(issued.get(first.serial)?.revoked?.reason).toBe('keyCompromise');
    expect(issued.get(second.serial)?.revoked).toBeUndefined();
  });

  it('must begin with the root, once', async () => {
    expect(() => journalState([])).toThrow('root');
    const { path } = await journalOf(AT, AT);
    expect(() => journalState(read(path))).toThrow('begins a second time');
  });

  it('has no certificate of another CA, no serial twice, no revocation of something unknown', async () => {
    const directory = caDirectory();
    const path = join(directory, 'journal.jsonl');
    await withCa(directory, (ca) => issueOne(ca));
    const entries = read(path);
    const issue = entries[1];
    if (issue?.event.type !== 'issue') throw new Error('the second entry issues');
    const follow = (event: JournalEntry['event']): JournalEntry => ({ ...issue, seq: 2, event });
    expect(() => journalState([...entries, follow(issue.event)])).toThrow('a second time');
    const stranger = forge({ subject: 'Stranger' }).certificate;
    const foreign = { ...issue.event, certificate: toBase64(stranger), serial: '01' };
    expect(() => journalState([...entries, follow(foreign)])).toThrow('another serial number');
    const unknown = { type: 'revoke', serial: '05', reason: 'unspecified' } as const;
    expect(() => journalState([...entries, follow(unknown)])).toThrow('was not issued');
  });
});

describe('a directory', () => {
  it('is for one process at a time', async () => {
    const directory = caDirectory();
    await withCa(directory, async () => {
      await expect(withCa(directory, () => Promise.resolve())).rejects.toEqual(
        refusal('ERR_CA_LOCKED'),
      );
    });
    await withCa(directory, () => Promise.resolve());
  });

  it('is taken over from a process that is gone', async () => {
    const directory = caDirectory();
    writeFileSync(join(directory, 'lock'), '4194304 1\n');
    await withCa(directory, () => Promise.resolve());
  });

  it('gets what a crash kept from being released', async () => {
    const directory = caDirectory();
    const { serial } = await withCa(directory, (ca) => issueOne(ca));
    const released = join(directory, 'issued', `${serial}.pem`);
    const before = readFileSync(released, 'utf8');

    rmSync(released);
    await withCa(directory, () => Promise.resolve());
    expect(readFileSync(released, 'utf8')).toBe(before);
  });

  it('of another root is refused', async () => {
    const directory = caDirectory();
    await withCa(directory, () => Promise.resolve());
    const other = forge({ subject: 'Other root' });

    writeFileSync(join(directory, 'root.pem'), pem(other.certificate));
    await expect(withCa(directory, () => Promise.resolve())).rejects.toEqual(
      refusal('ERR_CA_JOURNAL_INVALID'),
    );
  });
});

function outcome(read: () => string): string {
  try {
    return read();
  } catch {
    return 'refused';
  }
}
