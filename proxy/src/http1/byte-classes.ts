// SPDX-License-Identifier: Apache-2.0

/** What a byte may be part of; one table look-up a byte is what makes scanning fast. */
export const TOKEN = 1;
export const FIELD_TEXT = 2;
export const TARGET = 4;
export const BLANK = 8;

export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const HTAB = 0x09;
export const COLON = 0x3a;

/** @returns the first position from `from` on whose byte is not of a class, or `end` */
export function skip(bytes: Buffer, from: number, end: number, byteClass: number): number {
  let at = from;
  while (at < end && ((BYTE_CLASS[bytes[at] ?? 0] ?? 0) & byteClass) !== 0) at += 1;
  return at;
}

/** Whether bytes are those of a word. Those beyond `end` count as missing. */
export function isAt(bytes: Buffer, from: number, end: number, word: Uint8Array): boolean {
  if (end - from < word.length) return false;
  for (let index = 0; index < word.length; index += 1) {
    if (bytes[from + index] !== word[index]) return false;
  }
  return true;
}

const BYTE_CLASS: Uint8Array = classes();

function classes(): Uint8Array {
  const table = new Uint8Array(256);
  const mark = (bytes: Iterable<number>, flag: number): void => {
    for (const byte of bytes) table[byte] = (table[byte] ?? 0) | flag;
  };
  const text = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  // RFC 9110 section 5.6.2.
  mark(Buffer.from(text, 'latin1'), TOKEN);
  // RFC 9110 section 5.5: visible characters, obs-text, and blanks between them.
  mark([HTAB, SP, ...range(0x21, 0x7e), ...range(0x80, 0xff)], FIELD_TEXT);
  mark([HTAB, SP], BLANK);
  // Visible ASCII; which targets make sense is for the rules to say.
  mark(range(0x21, 0x7e), TARGET);
  return table;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
