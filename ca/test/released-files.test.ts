// SPDX-License-Identifier: Apache-2.0
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  checkReleased,
  publishRevocations,
  readJournalChain,
  readReleased,
  revokeCertificate,
} from '@proofgate/ca/operator';
import { caDirectory, issueOne, withCa } from './ca-directory.ts';
import { AT, forge, pem, refusal, root } from './pki.ts';

const journalIn = (directory: string): string => join(directory, 'journal.jsonl');
const nothing = (): Promise<void> => Promise.resolve();

/** A CA that has issued two certificates, revoked one and published two lists. */
async function busyCa(): Promise<string> {
  const directory = caDirectory();
  await withCa(directory, async (ca) => {
    const { serial } = await issueOne(ca);
    await publishRevocations(ca, { root, days: 30, at: AT });
    await revokeCertificate(ca, { serial, reason: 'keyCompromise', at: AT });
    await issueOne(ca);
    await publishRevocations(ca, { root, days: 30, at: AT });
  });
  return directory;
}

/** As `ca journal verify` checks it, without the lock. */
async function verify(directory: string): Promise<void> {
  const released = await readReleased(directory);
  const path = journalIn(directory);
  const bytes = existsSync(path) ? readFileSync(path) : new Uint8Array();
  checkReleased(released, readJournalChain(bytes).entries);
}

async function expectRefused(directory: string): Promise<void> {
  const bytes = existsSync(journalIn(directory)) ? readFileSync(journalIn(directory)) : undefined;
  const refused = refusal('ERR_CA_JOURNAL_INVALID');
  await expect(verify(directory)).rejects.toEqual(refused);
  await expect(withCa(directory, nothing)).rejects.toEqual(refused);
  await expect(withCa(directory, nothing)).rejects.toMatchObject({
    hint: expect.stringContaining('restore journal.jsonl from a backup') as unknown,
  });
  // It stays as it was found: somebody has to look at it.
  expect(existsSync(journalIn(directory)) ? readFileSync(journalIn(directory)) : undefined).toEqual(
    bytes,
  );
}

/** Leaves the first lines of a journal. */
function shorten(directory: string, lines: number): void {
  const all = readFileSync(journalIn(directory), 'utf8').split('\n');
  writeFileSync(journalIn(directory), `${all.slice(0, lines).join('\n')}\n`);
}

describe('a journal that knows less than was released', () => {
  it('is none when everything is there', async () => {
    const directory = await busyCa();
    await verify(directory);
    await withCa(directory, nothing);
  });

  it('was lost', async () => {
    const directory = await busyCa();
    rmSync(journalIn(directory));
    await expectRefused(directory);
    // The list alone, and the certificates alone, say it as well.
    const list = readFileSync(join(directory, 'root.crl'));
    rmSync(join(directory, 'root.crl'));
    await expectRefused(directory);
    rmSync(join(directory, 'issued'), { recursive: true });
    await verify(directory);
    writeFileSync(join(directory, 'root.crl'), list);
    await expectRefused(directory);
  });

  it.each([1, 2, 3, 4, 5])('was shortened to %i lines', async (lines) => {
    const directory = await busyCa();
    shorten(directory, lines);
    await expectRefused(directory);
  });

  it('was shortened in the middle of a line, which is not cut off then', async () => {
    const directory = await busyCa();
    shorten(directory, 2);
    appendFileSync(journalIn(directory), '{"event":');
    await expectRefused(directory);
  });

  it('was begun anew by another history of the same root', async () => {
    const directory = await busyCa();
    const other = await busyCa();
    copyFileSync(journalIn(other), journalIn(directory));
    await expectRefused(directory);
  });

  it('does not have the certificate in a file', async () => {
    const directory = await busyCa();
    const [name = ''] = readdirSync(join(directory, 'issued'));
    const path = join(directory, 'issued', name);
    const before = readFileSync(path);
    for (const text of [pem(forge({ subject: 'Stranger' }).certificate), 'no certificate']) {
      writeFileSync(path, text);
      await expectRefused(directory);
    }
    writeFileSync(path, before);
    await verify(directory);
  });
});

describe('a journal that knows more', () => {
  it('is what a crash leaves: the list before the last one is fine', async () => {
    const directory = await busyCa();
    const list = readFileSync(join(directory, 'root.crl'));
    await withCa(directory, (ca) => publishRevocations(ca, { root, days: 30, at: AT }));
    writeFileSync(join(directory, 'root.crl'), list);
    rmSync(join(directory, 'issued'), { recursive: true });
    await verify(directory);
    await withCa(directory, nothing);
    expect(readdirSync(join(directory, 'issued'))).toHaveLength(2);
  });
});
