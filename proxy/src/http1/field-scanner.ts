// SPDX-License-Identifier: Apache-2.0
import type { ProxyError } from '../errors.ts';
import { BLANK, COLON, CR, FIELD_TEXT, HTAB, LF, skip, SP, TOKEN } from './byte-classes.ts';

/** What a head may be, and what it is called when it is not. */
export interface HeadLimits {
  readonly maxBytes: number;
  readonly maxFields: number;
  readonly malformed: (what: string) => ProxyError;
  readonly tooLarge: (what: string) => ProxyError;
}

/** Returned instead of a position when bytes are missing. */
export const INCOMPLETE = -1;

/** Start and end of name and value, four numbers a field: scratch space of one scan, so that a head costs one string. */
const spans: number[] = [];

/**
 * Scans a section of header or trailer fields (RFC 9112 section 5), strictly: `name: value` with a token as name, no
 * space before the colon, no folded line, CR LF at the end of every line and nowhere else.
 *
 * @param from where the first field starts
 * @param end where the bytes end that are there
 * @param start where the message starts, for the limit on its size
 * @param into gets name and value by turns
 * @returns where the bytes after the empty line begin, or INCOMPLETE
 * @throws ProxyError as `limits` says
 */
export function scanFields(
  bytes: Buffer,
  from: number,
  end: number,
  start: number,
  limits: HeadLimits,
  into: string[],
): number {
  let at = from;
  let count = 0;
  while (bytes[at] !== CR || at >= end) {
    if (at >= end) return incomplete(end - start, limits);
    const next = scanField(bytes, at, end, limits, count);
    if (next === INCOMPLETE) return incomplete(end - start, limits);
    at = next;
    count += 4;
    if (count > 4 * limits.maxFields) throw limits.tooLarge(`more than ${limits.maxFields} fields`);
  }
  at = skipLineEnd(bytes, at, end, limits);
  if (at === INCOMPLETE) return incomplete(end - start, limits);
  if (at - start > limits.maxBytes) throw limits.tooLarge(`more than ${limits.maxBytes} bytes`);
  takeFields(bytes, from, at, count, into);
  return at;
}

/** Waits for more, unless there is too much already. */
export function incomplete(size: number, limits: HeadLimits): typeof INCOMPLETE {
  if (size > limits.maxBytes) throw limits.tooLarge(`more than ${limits.maxBytes} bytes`);
  return INCOMPLETE;
}

/** @returns where the next line begins */
function scanField(
  bytes: Buffer,
  from: number,
  end: number,
  limits: HeadLimits,
  slot: number,
): number {
  const nameEnd = skip(bytes, from, end, TOKEN);
  if (nameEnd === end) return INCOMPLETE;
  if (bytes[nameEnd] !== COLON || nameEnd === from) {
    throw limits.malformed('field name is not a token');
  }
  const value = skip(bytes, nameEnd + 1, end, BLANK);
  const lineEnd = skip(bytes, value, end, FIELD_TEXT);
  spans[slot] = from;
  spans[slot + 1] = nameEnd;
  spans[slot + 2] = value;
  spans[slot + 3] = withoutBlanks(bytes, value, lineEnd);
  return skipLineEnd(bytes, lineEnd, end, limits);
}

/** @returns where the next line begins, or INCOMPLETE */
export function skipLineEnd(bytes: Buffer, at: number, end: number, limits: HeadLimits): number {
  if (at < end && bytes[at] !== CR) throw limits.malformed('control character in a line');
  if (at + 1 >= end) return INCOMPLETE;
  if (bytes[at + 1] !== LF) throw limits.malformed('CR without LF');
  return at + 2;
}

/** Blanks at the end of a value do not belong to it. */
function withoutBlanks(bytes: Buffer, from: number, end: number): number {
  let last = end;
  while (last > from && (bytes[last - 1] === SP || bytes[last - 1] === HTAB)) last -= 1;
  return last;
}

/** One string for the section and slices of it are cheaper than a string for each part. */
function takeFields(bytes: Buffer, from: number, to: number, count: number, into: string[]): void {
  const text = bytes.toString('latin1', from, to);
  for (let slot = 0; slot < count; slot += 2) {
    into.push(text.slice((spans[slot] ?? 0) - from, (spans[slot + 1] ?? 0) - from));
  }
}
