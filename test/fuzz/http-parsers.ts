// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import { utf8 } from '@proofgate/evidence';
import type { FuzzTarget } from './fuzz-target.ts';
import {
  checkTarget,
  ContentDecoder,
  ProxyError,
  readFields,
  requestFraming,
  responseFraming,
  scanRequest,
  scanResponse,
} from './internal-parsers.ts';
import { messagesOfLlhttp, type SeenMessage } from './llhttp-messages.ts';

/*
 * The proxy's HTTP/1.1 parsers beside llhttp: whatever ours take, llhttp reads the same way, with the same boundaries.
 * The reverse is not asked for: ours are stricter.
 */

const LIMITS = {
  maxBytes: 16_384,
  maxFields: 100,
  malformed: (what: string) => new ProxyError('ERR_PROXY_REQUEST_MALFORMED', what),
  tooLarge: (what: string) => new ProxyError('ERR_PROXY_REQUEST_HEADERS_TOO_LARGE', what),
};

type Framing = Parameters<InstanceType<typeof ContentDecoder>['begin']>[0];

/** A head, and what comes after it. */
interface Head {
  readonly start: string;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
  readonly framing: Framing;
  /** Nothing after this message is read on the connection. */
  readonly last: boolean;
  readonly next: number;
}

type ScanHead = (bytes: Buffer, from: number) => Head | undefined;

function scanRequestHead(bytes: Buffer, from: number): Head | undefined {
  const head = scanRequest(bytes, from, bytes.length, LIMITS);
  if (head === undefined) return undefined;
  checkTarget(head);
  const fields = readFields(head.rawHeaders);
  const upgrade = fields.upgrade.length > 0 && fields.connection.includes('upgrade');
  const last = head.httpVersion === '1.0' || fields.connection.includes('close') || upgrade;
  const framing = requestFraming(head.httpVersion, fields);
  return { ...head, start: `${head.method} ${head.target}`, framing, last };
}

function scanResponseHead(bytes: Buffer, from: number): Head | undefined {
  const head = scanResponse(bytes, from, bytes.length, LIMITS);
  if (head === undefined) return undefined;
  const framing = responseFraming(head, 'GET');
  const closes =
    head.status === 101 || head.httpVersion === '1.0' || head.fields.connection.includes('close');
  return { ...head, start: String(head.status), framing, last: closes };
}

/** The complete messages at the start of some bytes that arrive in pieces, as the proxy's connections read them. */
function messagesOfOurs(
  input: Uint8Array,
  pieceBytes: number,
  scan: ScanHead,
): { messages: SeenMessage[]; error: unknown } {
  const messages: SeenMessage[] = [];
  const decoder = new ContentDecoder(LIMITS);
  let current: SeenMessage | undefined;
  let ahead: Buffer = Buffer.alloc(0);
  let over = false;
  let untilClose = false;
  const complete = (): void => {
    if (current !== undefined) messages.push({ ...current, trailers: decoder.trailers });
    current = undefined;
  };
  const step = (bytes: Buffer, at: number): number => {
    if (current !== undefined) {
      const onContent = (chunk: Buffer): void => {
        if (current !== undefined) current.body += chunk.toString('latin1');
      };
      const next = decoder.decode(bytes, at, bytes.length, onContent);
      if (decoder.done) complete();
      return next;
    }
    const head = over ? undefined : scan(bytes, at);
    if (head === undefined) return at;
    over = head.last;
    untilClose = head.framing.kind === 'close';
    const { start, httpVersion: version, rawHeaders: fields } = head;
    current = { start, version, fields, body: '', trailers: [] };
    decoder.begin(head.framing);
    if (decoder.done) complete();
    return head.next;
  };
  try {
    for (let from = 0; from < input.length; from += pieceBytes) {
      // A copy: content is decoded in place.
      const bytes = Buffer.concat([ahead, input.subarray(from, from + pieceBytes)]);
      let at = 0;
      for (let next = step(bytes, at); next > at; next = at < bytes.length ? step(bytes, at) : at) {
        at = next;
      }
      ahead = bytes.subarray(at);
    }
    if (untilClose) complete();
    return { messages, error: undefined };
  } catch (error) {
    return { messages, error };
  }
}

/** @throws ProxyError for what ours refuse; Error when llhttp, or ours in other pieces, reads something else */
function compare(input: Uint8Array, type: 'request' | 'response', scan: ScanHead): void {
  const whole = messagesOfOurs(input, Math.max(1, input.length), scan);
  // Long inputs in few pieces: an input costs what its pieces cost.
  const pieces = messagesOfOurs(input, 1 + Math.floor(input.length / 40), scan);
  demandSame('in pieces', pieces.messages, whole.messages);
  const theirs = messagesOfLlhttp(input, type).slice(0, whole.messages.length);
  // A tab behind a value is no part of it (RFC 9110 section 5.5); llhttp refuses it, or takes it for one. What is sent on
  // has none there.
  if (input.includes(HTAB) && !isDeepStrictEqual(theirs, whole.messages)) {
    const spaces = input.map((byte) => (byte === HTAB ? SP : byte));
    compare(spaces, type, scan);
    return;
  }
  demandSame('llhttp', theirs, whole.messages);
  if (whole.messages.length > 0) return;
  if (whole.error instanceof Error) throw whole.error;
  throw LIMITS.malformed('no complete message');
}

function demandSame(who: string, seen: readonly SeenMessage[], own: readonly SeenMessage[]): void {
  if (isDeepStrictEqual(seen, own)) return;
  throw new Error(`${who}: ${JSON.stringify(seen)}, not ${JSON.stringify(own)}`);
}

const HTAB = 0x09;
const SP = 0x20;

// No Buffer: a slice of one is no copy, and the mutator changes slices.
const text = (...lines: string[]): Uint8Array => utf8(lines.join('\r\n'));
const NEXT = ['GET /next?a=b HTTP/1.1', 'Host: app.example.com', 'Accept: */*', '', ''];

const REQUESTS: readonly Uint8Array[] = [
  text(...NEXT),
  text('POST /a HTTP/1.1', 'Host: a', 'Content-Length: 5', 'X-A: \t b \t', '', 'hello'),
  text('POST /a HTTP/1.1', 'Host: a', 'Content-Length: 5', '', `hello${NEXT.join('\r\n')}`),
  text(
    'POST /a HTTP/1.1',
    'Transfer-Encoding: chunked',
    '',
    '5',
    'hello',
    '0',
    '',
    NEXT.join('\r\n'),
  ),
  text(
    'PUT /a HTTP/1.1',
    'transfer-encoding: Chunked',
    '',
    '3;a=b;c="d e"',
    'abc',
    '0A',
    '0123456789',
    '0',
    'X-T: 1',
    '',
    NEXT.join('\r\n'),
  ),
  text('DELETE / HTTP/1.0', 'Connection: keep-alive', 'Content-Length: 0', '', ''),
  text('GET /ws HTTP/1.1', 'Connection: Upgrade', 'Upgrade: websocket', '', 'bytes'),
  text('OPTIONS * HTTP/1.1', 'Expect: 100-continue', 'TE: trailers', '', ''),
];

const RESPONSES: readonly Uint8Array[] = [
  text('HTTP/1.1 200 OK', 'Content-Length: 5', '', 'hello'),
  text(
    'HTTP/1.1 200',
    'Content-Length: 2',
    '',
    'okHTTP/1.1 404 Not Found',
    'Content-Length: 0',
    '',
    '',
  ),
  text('HTTP/1.1 103 Early Hints', 'Link: </a>', '', 'HTTP/1.1 204 No Content', 'X: y', '', ''),
  text('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '5', 'hello', '0', 'X-T: 1', '', ''),
  text(
    'HTTP/1.1 304 Not Modified',
    'Content-Length: 10',
    '',
    'HTTP/1.1 200 OK',
    'Content-Length: 1',
    '',
    'x',
  ),
  text('HTTP/1.0 200 OK', 'Connection: close', '', 'until the end'),
];

const WORDS: readonly string[] = [
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\r',
  ' ',
  '\t',
  ':',
  ';a="b"',
  ',',
  '0\r\n\r\n',
  '\x00',
  '\x7f',
  '\xff',
  'chunked',
  'Transfer-Encoding: chunked\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'Connection: close\r\n',
  'Connection: upgrade\r\nUpgrade: foo\r\n',
  'HTTP/1.1',
  'HTTP/1.0',
  'GET / HTTP/1.1\r\n',
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'ffffffff',
];

/** What the fuzzer compares. */
export const HTTP_PARSERS: readonly FuzzTarget[] = [
  {
    name: 'HTTP requests',
    corpus: REQUESTS,
    format: 'text',
    tokens: WORDS,
    errors: [ProxyError],
    parse: (input) => compare(input, 'request', scanRequestHead),
  },
  {
    name: 'HTTP responses',
    corpus: RESPONSES,
    format: 'text',
    tokens: WORDS,
    errors: [ProxyError],
    parse: (input) => compare(input, 'response', scanResponseHead),
  },
];
