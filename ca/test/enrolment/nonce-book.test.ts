// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { NONCE_LIFETIME_MS, NonceBook } from '../../src/enrolment/nonce-book.ts';
import { AT, refusal } from '../pki.ts';

interface Book {
  readonly book: NonceBook;
  now: Date;
}

function openBook(): Book {
  const clock = (): Date => open.now;
  const open: Book = { now: AT, book: new NonceBook({ clock, randomBytes }) };
  return open;
}

const later = (ms: number): Date => new Date(AT.getTime() + ms);

describe('a nonce book', () => {
  it('has no bottom: whoever asks for nonces takes none from others', () => {
    const { book } = openBook();
    const { nonce } = book.issue();
    for (let count = 0; count < 20_000; count += 1) book.issue();
    expect(book.redeem(nonce).issuedAt).toEqual(AT);
  });

  it('takes a nonce once', () => {
    const open = openBook();
    const { nonce } = open.book.issue();
    open.book.redeem(nonce);
    for (const passed of [0, 1, NONCE_LIFETIME_MS / 2, NONCE_LIFETIME_MS]) {
      open.now = later(passed);
      expect(() => open.book.redeem(nonce)).toThrow(
        expect.objectContaining({ seen: 'a used one' }),
      );
    }
  });

  it('takes a nonce for five minutes', () => {
    const open = openBook();
    const [first, second] = [open.book.issue(), open.book.issue()];
    open.now = later(NONCE_LIFETIME_MS);
    expect(open.book.redeem(first.nonce).expiresAt).toEqual(open.now);
    open.now = later(NONCE_LIFETIME_MS + 1);
    expect(() => open.book.redeem(second.nonce)).toThrow(
      expect.objectContaining({ code: 'ERR_CA_NONCE', seen: 'an expired one' }),
    );
  });

  it('knows its own nonces, to the last bit', () => {
    const { book } = openBook();
    const { nonce } = book.issue();
    for (const index of nonce.keys()) {
      const other = Uint8Array.from(nonce);
      other[index] = (other[index] ?? 0) ^ 1;
      expect(() => book.redeem(other)).toThrow(refusal('ERR_CA_NONCE'));
    }
    for (const other of [new Uint8Array(), nonce.slice(1), openBook().book.issue().nonce]) {
      expect(() => book.redeem(other)).toThrow(refusal('ERR_CA_NONCE'));
    }
    book.redeem(nonce);
  });

  it('takes no nonce a second time when the clock is set back', () => {
    const open = openBook();
    const { nonce } = open.book.issue();
    open.book.redeem(nonce);
    open.now = later(3 * NONCE_LIFETIME_MS);
    open.book.issue();
    open.now = AT;
    expect(() => open.book.redeem(nonce)).toThrow(refusal('ERR_CA_NONCE'));
  });
});
