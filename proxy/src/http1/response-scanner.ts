// SPDX-License-Identifier: Apache-2.0
import { readFields, type MessageFields } from '../http/message-fields.ts';
import { FIELD_TEXT, skip, SP } from './byte-classes.ts';
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
const STATUS = /^HTTP\/(1\.[01]) ([1-9][0-9]{2})$/;

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
  const start = STATUS.exec(bytes.toString('latin1', from, from + STATUS_BYTES));
  if (start === null) throw limits.malformed('no status line');
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
    status: Number(start[2]),
    statusText: at > reason ? bytes.toString('latin1', reason, at) : '',
    httpVersion: start[1] === '1.1' ? '1.1' : '1.0',
    rawHeaders,
    fields: readFields(rawHeaders),
    next,
  };
}

/** Waits for more, unless what is there is the start of something else. */
function startOf(bytes: Buffer, from: number, end: number, limits: HeadLimits): undefined {
  const text = bytes.toString('latin1', from, end);
  const model = 'HTTP/1.1 200'.slice(0, text.length);
  const like = text.replace(/[0-9]/g, '1') === model.replace(/[0-9]/g, '1');
  if (!like) throw limits.malformed('no status line');
  return undefined;
}
