// SPDX-License-Identifier: Apache-2.0
import { METHODS } from 'node:http';
import { ProxyError } from '../errors.ts';
import { CR, isAt, LF, skip, SP, TARGET, TOKEN } from './byte-classes.ts';
import { INCOMPLETE, scanFields, type HeadLimits } from './field-scanner.ts';

/** A request head that could be read in one way. */
export interface ScannedRequest {
  readonly method: string;
  readonly target: string;
  readonly httpVersion: '1.0' | '1.1';
  readonly rawHeaders: readonly string[];
  /** Where the bytes after the head begin. */
  readonly next: number;
}

/** No two parsers differ over these; of a method that only we know nobody can say whether it has content. */
const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);

const LONGEST_METHOD = Math.max(...METHODS.map((method) => method.length));

/** The usual end of a request line. */
const VERSION_1_1: Uint8Array = Buffer.from('HTTP/1.1\r\n', 'latin1');
const VERSION_BYTES: number = VERSION_1_1.length;

/**
 * Scans a request head (RFC 9112 sections 3 and 5), strictly: no empty line before it, one space between the parts.
 *
 * @param from where the head starts
 * @param end where the bytes end that are there
 * @returns `undefined` when bytes are missing
 * @throws ProxyError ERR_PROXY_REQUEST_MALFORMED, ERR_PROXY_REQUEST_VERSION, ERR_PROXY_REQUEST_HEADERS_TOO_LARGE
 */
export function scanRequest(
  bytes: Buffer,
  from: number,
  end: number,
  limits: HeadLimits,
): ScannedRequest | undefined {
  const methodEnd = skip(bytes, from, end, TOKEN);
  demandSpace(bytes, from, methodEnd, end, limits);
  const targetEnd = skip(bytes, methodEnd + 1, end, TARGET);
  demandSpace(bytes, methodEnd + 1, targetEnd, end, limits);
  const text = bytes.toString('latin1', from, targetEnd);
  const method = text.slice(0, methodEnd - from);
  // Before the rest has come: what is no request at all is not waited for.
  if (methodEnd < end ? !KNOWN_METHODS.has(method) : method.length > LONGEST_METHOD) {
    throw limits.malformed('method is not known');
  }
  const line = targetEnd + 1 + VERSION_BYTES;
  if (line > end) return tooShort(bytes, from, end, limits);
  const httpVersion = versionOf(bytes, targetEnd + 1, limits);
  const rawHeaders: string[] = [];
  const next = scanFields(bytes, line, end, from, limits, rawHeaders);
  if (next === INCOMPLETE) return undefined;
  return { method, target: text.slice(method.length + 1), httpVersion, rawHeaders, next };
}

/** A part of the request line has at least one byte, and one space after it. */
function demandSpace(
  bytes: Buffer,
  from: number,
  at: number,
  end: number,
  limits: HeadLimits,
): void {
  if (at < end && (at === from || bytes[at] !== SP)) throw limits.malformed('request line');
}

/** Waits for more, unless what is there can never become a request line. */
function tooShort(bytes: Buffer, from: number, end: number, limits: HeadLimits): undefined {
  if (end - from > limits.maxBytes) throw limits.tooLarge(`more than ${limits.maxBytes} bytes`);
  // A line end before the version is complete.
  const feed = bytes.indexOf(LF, from);
  if (feed !== -1 && feed < end) throw limits.malformed('request line has no version');
  return undefined;
}

function versionOf(bytes: Buffer, at: number, limits: HeadLimits): '1.0' | '1.1' {
  if (isAt(bytes, at, bytes.length, VERSION_1_1)) return '1.1';
  if (bytes[at + 8] !== CR || bytes[at + 9] !== LF) throw limits.malformed('request line');
  const text = bytes.toString('latin1', at, at + 8);
  if (text === 'HTTP/1.0') return '1.0';
  if (/^HTTP\/\d\.\d$/.test(text)) {
    throw new ProxyError('ERR_PROXY_REQUEST_VERSION', `version is ${text}`);
  }
  throw limits.malformed('request line has no version');
}
