// SPDX-License-Identifier: Apache-2.0
import { readFields, type MessageFields } from '../http/message-fields.ts';
import { FIELD_TEXT, isAt, skip, SP } from './byte-classes.ts';
import {
  INCOMPLETE,
  incomplete,
  scanFields,
  skipLineEnd,
  type HeadLimits,
} from './field-scanner.ts';

/** A response head that could be read in one way. */
export interface ScannedResponse {
  readonly status: number;
  readonly statusText: string;
  readonly httpVersion: '1.0' | '1.1';
  readonly rawHeaders: readonly string[];
  readonly fields: MessageFields;
  /** Where the bytes after the head begin. */
  readonly next: number;
}

/** `HTTP/1.1 200`. */
const STATUS_BYTES = 12;
const VERSION: Uint8Array = Buffer.from('HTTP/1.', 'latin1');
const ZERO = 0x30;
const ONE = 0x31;

/**
 * Scans a response head (RFC 9112 sections 4 and 5). A reason may be missing together with the space before it, as
 * many servers send it; nothing else is lenient.
 *
 * @param from where the head starts
 * @param end where the bytes end that are there
 * @returns `undefined` when bytes are missing
 * @throws ProxyError as `limits` says
 */
export function scanResponse(
  bytes: Buffer,
  from: number,
  end: number,
  limits: HeadLimits,
): ScannedResponse | undefined {
  // One byte more, to see where the status ends.
  if (end - from <= STATUS_BYTES) return startOf(bytes, from, end, limits);
  if (!isAt(bytes, from, end, VERSION)) throw limits.malformed('no status line');
  const minor = bytes[from + VERSION.length];
  const status = statusAt(bytes, from + VERSION.length + 1);
  if (status === undefined || (minor !== ZERO && minor !== ONE)) {
    throw limits.malformed('no status line');
  }
  const statusEnd = from + STATUS_BYTES;
  const reason = statusEnd + 1;
  const at = bytes[statusEnd] === SP ? skip(bytes, reason, end, FIELD_TEXT) : statusEnd;
  const line = skipLineEnd(bytes, at, end, limits);
  if (line === INCOMPLETE) {
    incomplete(end - from, limits);
    return undefined;
  }
  const rawHeaders: string[] = [];
  const next = scanFields(bytes, line, end, from, limits, rawHeaders);
  if (next === INCOMPLETE) return undefined;
  return {
    status,
    statusText: at > reason ? bytes.toString('latin1', reason, at) : '',
    httpVersion: minor === ONE ? '1.1' : '1.0',
    rawHeaders,
    fields: readFields(rawHeaders),
    next,
  };
}

/** A space and three digits, the first of them not 0. */
function statusAt(bytes: Buffer, at: number): number | undefined {
  const hundreds = digitAt(bytes, at + 1);
  const tens = digitAt(bytes, at + 2);
  const ones = digitAt(bytes, at + 3);
  const valid = bytes[at] === SP && hundreds > 0 && tens >= 0 && ones >= 0;
  return valid ? hundreds * 100 + tens * 10 + ones : undefined;
}

/** @returns -1 for what is no digit */
function digitAt(bytes: Buffer, at: number): number {
  const digit = (bytes[at] ?? 0) - ZERO;
  return digit <= 9 ? Math.max(digit, -1) : -1;
}

/** Waits for more, unless what is there is the start of something else. */
function startOf(bytes: Buffer, from: number, end: number, limits: HeadLimits): undefined {
  const text = bytes.toString('latin1', from, end);
  const model = 'HTTP/1.1 200'.slice(0, text.length);
  const like = text.replace(/[0-9]/g, '1') === model.replace(/[0-9]/g, '1');
  if (!like) throw limits.malformed('no status line');
  return undefined;
}
