// SPDX-License-Identifier: Apache-2.0
import { journalState, readJournalChain, type JournalEvent } from '@proofgate/ca/operator';
import { parseCertificate, toBase64, toHex } from '@proofgate/evidence';
import { describe, expect, it } from 'vitest';
import {
  journalHash,
  journalLine,
  NO_ENTRY,
  type JournalEntry,
} from '../src/journal/journal-entry.ts';
import { AT, forge, intermediary, root } from './pki.ts';

const INIT = { type: 'init', root: toBase64(root.certificate) } as const;

/** An entry in its place, with parts of it replaced. */
type Written = Partial<JournalEntry> & { readonly event: JournalEvent };

/** A journal whose hashes are right whatever is in it, as somebody who rewrites all of it would make it. */
function rewritten(...entries: readonly Written[]): Uint8Array {
  let prev = NO_ENTRY;
  const lines = entries.map((entry, seq) => {
    const line = journalLine({ seq, time: AT.toISOString(), prev, ...entry });
    prev = journalHash(line);
    return `${line}\n`;
  });
  return Buffer.from(lines.join(''));
}

const stateOf = (...events: readonly JournalEvent[]): unknown =>
  journalState(readJournalChain(rewritten(...events.map((event) => ({ event })))).entries);

function issue(certificate: Uint8Array): Extract<JournalEvent, { type: 'issue' }> {
  const serial = toHex(parseCertificate(certificate).serialNumber);
  const what = { type: 'issue', profile: 'intermediary', key: 'generated' } as const;
  return { ...what, serial, certificate: toBase64(certificate) };
}

const issued = issue(intermediary.certificate);
const { serial } = issued;

describe('a journal that was written anew as a whole', () => {
  it('is read when it is right', () => {
    const later = new Date(AT.getTime() + 1).toISOString();
    const journal = rewritten({ event: INIT }, { event: issued, time: later });
    expect(readJournalChain(journal).entries).toHaveLength(2);
  });

  it.each<[string, string, Written]>([
    ['in another place', 'another place', { event: issued, seq: 2 }],
    ['older', 'older than the one before', { event: issued, time: '2026-11-20T09:30:41.999Z' }],
    ['not behind the one before', 'does not follow', { event: issued, prev: NO_ENTRY }],
  ])('has no line that is %s', (_, problem, entry) => {
    expect(() => readJournalChain(rewritten({ event: INIT }, entry))).toThrow(problem);
  });
});

describe('a history', () => {
  it('makes sense when it does', () => {
    const revoke = { type: 'revoke', serial, reason: 'superseded' } as const;
    const list = { type: 'crl', number: 3, sha256: NO_ENTRY } as const;
    expect(stateOf(INIT, issued, revoke, list)).toMatchObject({ crlNumber: 3 });
  });

  it('has a root that is signed by itself', () => {
    const below = { type: 'init', root: toBase64(intermediary.certificate) } as const;
    expect(() => stateOf(below)).toThrow('not signed by itself');
  });

  it('has certificates of this root alone, also with their own numbers', () => {
    expect(() => stateOf(INIT, issue(forge({ subject: 'Stranger' }).certificate))).toThrow(
      'a certificate of another CA',
    );
  });

  it.each<[string, string, readonly JournalEvent[]]>([
    [
      'a list with the number of the one before',
      'numbers a revocation list again',
      [3, 3].map((number) => ({ type: 'crl', number, sha256: NO_ENTRY })),
    ],
    [
      'a list with a lower number',
      'numbers a revocation list again',
      [3, 2].map((number) => ({ type: 'crl', number, sha256: NO_ENTRY })),
    ],
    [
      'a certificate that is revoked twice',
      'revokes a certificate a second time',
      ['superseded', 'keyCompromise'].map((reason) => ({
        ...{ type: 'revoke', serial },
        // Sound: both are reasons.
        reason: reason as 'superseded',
      })),
    ],
    [
      'a rotation to something unknown',
      'was not issued',
      [{ type: 'rotate', step: 'prepare', serial: '05', previous: serial }],
    ],
    [
      'a rotation from something unknown',
      'was not issued',
      [{ type: 'rotate', step: 'prepare', serial, previous: '05' }],
    ],
  ])('does not have %s', (_, problem, events) => {
    expect(() => stateOf(INIT, issued, ...events)).toThrow(problem);
  });
});
