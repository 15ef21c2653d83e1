// SPDX-License-Identifier: Apache-2.0
import { refused } from '../image-refusal.ts';

/** Size of a header, and what bodies are padded to (POSIX pax, "ustar Interchange Format"). */
export const TAR_BLOCK = 512;

/** What a header of 512 bytes says, before long names are put in. */
export interface TarHeader {
  /** Bytes as Latin-1: only ASCII characters in it are looked at. */
  readonly name: string;
  readonly target: string;
  readonly mode: number;
  readonly size: number;
  readonly type: string;
}

/** Magic and version. */
const USTAR = 'ustar\u000000';
const GNU = 'ustar  \0';
/** At the very end of archives by star, whose name field has another size. */
const STAR_TRAILER = 'tar\0';

/**
 * Reads one header. Archives in formats that programs read differently are refused: what is checked here has to be
 * what an engine unpacks.
 *
 * @param block - 512 bytes
 * @param what - names the layer in messages
 * @returns the header, or `undefined` for a block of zeros
 * @throws LauncherError ERR_LAUNCHER_IMAGE_REFUSED
 */
export function parseTarHeader(block: Buffer, what: string): TarHeader | undefined {
  if (isZero(block)) return undefined;
  const claimed = numberAt(block, 148, 8, what);
  if (claimed !== checksum(block)) throw unreadable(what, 'a header with another checksum');
  const format = block.toString('latin1', 257, 265);
  if (format !== USTAR && format !== GNU) throw unreadable(what, 'a header of an old format');
  if (block.toString('latin1', 508, 512) === STAR_TRAILER) throw unreadable(what, 'a star header');
  const prefix = format === USTAR ? textAt(block, 345, 155) : '';
  const name = textAt(block, 0, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    target: textAt(block, 157, 100),
    mode: numberAt(block, 100, 8, what),
    size: numberAt(block, 124, 12, what),
    type: String.fromCharCode(block[156] ?? 0),
  };
}

/** A layer that is not an archive of the kind that is read. */
export function unreadable(what: string, seen: string): Error {
  return refused(`${what} is not an archive that can be checked`, {
    expected: 'tar in ustar, pax or GNU format',
    seen,
  });
}

/** Whether these are padding. */
export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** The sum of all bytes, with its own field counted as blanks. */
function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < TAR_BLOCK; at += 1) {
    if (at < 148 || at >= 156) sum += block[at] ?? 0;
  }
  return sum;
}

function textAt(block: Buffer, start: number, length: number): string {
  const text = block.toString('latin1', start, start + length);
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}

/** Octal digits between blanks and NULs; or, when the first bit is set, a binary number. */
function numberAt(block: Buffer, start: number, length: number, what: string): number {
  const first = block[start] ?? 0;
  if ((first & 0x80) !== 0) return binaryAt(block, start, length, what);
  const text = block.toString('latin1', start, start + length).replace(/^[ \0]+|[ \0]+$/g, '');
  if (text === '') return 0;
  if (!/^[0-7]+$/.test(text)) throw unreadable(what, 'a header with a number that is none');
  return Number.parseInt(text, 8);
}

function binaryAt(block: Buffer, start: number, length: number, what: string): number {
  let value = (block[start] ?? 0) & 0x7f;
  for (let at = start + 1; at < start + length; at += 1) value = value * 256 + (block[at] ?? 0);
  if (!Number.isSafeInteger(value)) throw unreadable(what, 'a header with a number too large');
  return value;
}
