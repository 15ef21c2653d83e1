// SPDX-License-Identifier: Apache-2.0
import {
  GET,
  get,
  HOST,
  NEWER_NGHTTP2,
  NEWEST_NGHTTP2,
  post,
  POST,
} from '../../h2/conformance-case.ts';
import { data, headers, rstStream } from '../../h2/frames.ts';
import { block, type Field } from '../../h2/hpack.ts';
import { SMUGGLED } from '../wire-case.ts';

/** What has to become of a request of HTTP/2 that wants to be more than one in HTTP/1.1. */
export type DowngradeOutcome =
  /** Answered by the proxy itself, with this status and code. */
  | { readonly kind: 'refused'; readonly status: number; readonly code: string }
  /**
   * Reset; of a request with content the head may have been passed on, but never its end, unless what came first was all
   * that the head has announced.
   */
  | { readonly kind: 'reset'; readonly announced?: boolean }
  /** Answered by the upstream, which has seen this. */
  | {
      readonly kind: 'seen';
      readonly target: string;
      readonly body: string;
      readonly fields: Readonly<Record<string, string | undefined>>;
    };

/** Frames on stream 1, and what has to become of them. */
export interface DowngradeCase {
  readonly name: string;
  readonly frames: readonly Buffer[];
  readonly outcome: DowngradeOutcome;
}

const RESET: DowngradeOutcome = { kind: 'reset' };
const RESET_BEHIND: DowngradeOutcome = { kind: 'reset', announced: true };

function refused(status: number, code: string): DowngradeOutcome {
  return { kind: 'refused', status, code: `ERR_PROXY_REQUEST_${code}` };
}

function seen(
  target: string,
  body = '',
  fields: Readonly<Record<string, string | undefined>> = {},
): DowngradeOutcome {
  return { kind: 'seen', target, body, fields };
}

/** The head with one pseudo-header field in place of that of its name. */
function instead(name: string, value: string): Buffer {
  return headers(
    1,
    block(...GET.map((field): Field => (field[0] === name ? [name, value] : field))),
  );
}

function withField(name: string, value: string): Buffer {
  return get(1, [name, value]);
}

const CRLF = '\r\n';

/** Line breaks and second requests wherever a field can hide them. */
const INJECTIONS: readonly DowngradeCase[] = [
  { name: 'request in a value', frames: [withField('x-a', `b${CRLF}${CRLF}${SMUGGLED}`)] },
  { name: 'field in a value', frames: [withField('x-a', `b${CRLF}host: evil`)] },
  { name: 'LF in a value', frames: [withField('x-a', 'b\nx-proofgate-peer-id: evil')] },
  { name: 'CR in a value', frames: [withField('x-a', 'b\rc')] },
  { name: 'NUL in a value', frames: [withField('x-a', 'b\0c')] },
  { name: 'field in a name', frames: [withField(`x-a: b${CRLF}x-b`, 'c')] },
  { name: 'colon in a name', frames: [withField('transfer-encoding: chunked', 'x')] },
  { name: 'space in a name', frames: [withField('transfer-encoding ', 'chunked')] },
  { name: 'tab in a name', frames: [withField('content-length\t', '10')] },
  { name: 'NUL in a name', frames: [withField('x\0a', 'b')] },
].map((wire) => ({
  ...wire,
  // The field is left out, and what was in it with it.
  outcome: seen('/', '', {
    'x-a': undefined,
    'x-b': undefined,
    'transfer-encoding': undefined,
    'content-length': undefined,
    'x-proofgate-peer-id': undefined,
    host: HOST,
  }),
}));

const TARGETS: readonly DowngradeCase[] = [
  [':path', `/ HTTP/1.1${CRLF}Host: evil${CRLF}${CRLF}${SMUGGLED}`, RESET],
  [':path', '/ HTTP/1.1', RESET],
  [':path', '/a\tb', RESET],
  [':path', '/a\0b', RESET],
  [':path', '', RESET],
  [':path', 'smuggled', RESET],
  [':path', 'http://evil.example/', RESET],
  [':path', '/a#b', refused(400, 'TARGET')],
  [':path', '//evil.example/', seen('//evil.example/')],
  [':method', `GET / HTTP/1.1${CRLF}${CRLF}`, RESET],
  [':method', 'GET /smuggled HTTP/1.1', RESET],
  [':method', 'get', refused(400, 'MALFORMED')],
  [':method', 'PRI', refused(400, 'MALFORMED')],
  [':method', 'SMUGGLE', refused(400, 'MALFORMED')],
  [':scheme', `https://${HOST}/smuggled HTTP/1.1${CRLF}x: `, RESET],
  [':scheme', 'http', refused(400, 'TARGET')],
  [':scheme', 'javascript', refused(400, 'TARGET')],
  [':authority', `${HOST}${CRLF}x: y`, RESET],
  [':authority', 'evil.example', refused(421, 'MISDIRECTED')],
  [':authority', `${HOST}@evil.example`, NEWER_NGHTTP2 ? RESET : refused(400, 'HOST')],
  [':authority', `evil@${HOST}`, NEWER_NGHTTP2 ? RESET : refused(400, 'HOST')],
  [':authority', `${HOST}/evil`, RESET],
  [':authority', `${HOST}:8443`, seen('/', '', { host: `${HOST}:8443` })],
  [':authority', HOST.toUpperCase(), seen('/', '', { host: HOST.toUpperCase() })],
].map((entry): DowngradeCase => {
  // Sound: the list above has these in each of its entries.
  const [name, value, outcome] = entry as [string, string, DowngradeOutcome];
  return { name: `${name} of ${JSON.stringify(value)}`, frames: [instead(name, value)], outcome };
});

const FIELDS: readonly DowngradeCase[] = [
  {
    name: 'request in a name',
    frames: [withField(`x-a: b${CRLF}${CRLF}${SMUGGLED}x`, 'c')],
    // Refused as a whole, or left out.
    outcome: NEWEST_NGHTTP2 ? seen('/') : RESET,
  },
  {
    name: 'Host of another host',
    frames: [withField('host', 'evil.example')],
    outcome: refused(400, 'HOST'),
  },
  {
    name: 'the same Host',
    frames: [withField('host', HOST)],
    outcome: seen('/', '', { host: HOST }),
  },
  { name: 'two Host', frames: [get(1, ['host', HOST], ['host', 'evil'])], outcome: RESET },
  {
    name: 'Transfer-Encoding',
    frames: [withField('transfer-encoding', 'chunked')],
    outcome: RESET,
  },
  {
    name: 'Transfer-Encoding and chunks',
    frames: [post(1, ['transfer-encoding', 'chunked']), data(1, `0${CRLF}${CRLF}${SMUGGLED}`)],
    outcome: RESET,
  },
  { name: 'Connection', frames: [withField('connection', 'host, content-length')], outcome: RESET },
  { name: 'Upgrade', frames: [withField('upgrade', 'h2c')], outcome: RESET },
  {
    name: 'Proxy-Connection',
    frames: [withField('proxy-connection', 'keep-alive')],
    outcome: RESET,
  },
  { name: 'Keep-Alive', frames: [withField('keep-alive', 'timeout=5')], outcome: RESET },
  {
    name: 'HTTP2-Settings',
    frames: [withField('http2-settings', 'AAMAAABk')],
    outcome: refused(400, 'MALFORMED'),
  },
  { name: 'TE of chunked', frames: [withField('te', 'chunked')], outcome: RESET },
  {
    name: 'spellings that some servers fold onto framing fields',
    frames: [
      get(1, ['transfer_encoding', 'chunked'], ['content_length', '9'], ['x_forwarded_for', '6']),
    ],
    outcome: seen('/', '', {
      transfer_encoding: undefined,
      content_length: undefined,
      x_forwarded_for: undefined,
    }),
  },
  {
    name: 'identity fields',
    frames: [get(1, ['x-proofgate-peer-id', 'evil'], ['x_proofgate_peer_id', 'evil'])],
    outcome: seen('/', '', { 'x-proofgate-peer-id': undefined, x_proofgate_peer_id: undefined }),
  },
];

const FRAMINGS: readonly DowngradeCase[] = [
  {
    name: 'content that looks like the end of chunks and a request',
    frames: [post(1), data(1, `0${CRLF}${CRLF}${SMUGGLED}`)],
    outcome: seen('/', `0${CRLF}${CRLF}${SMUGGLED}`),
  },
  {
    name: 'content with its length',
    frames: [post(1, ['content-length', '4']), data(1, 'a', 0), data(1, 'bcd')],
    outcome: seen('/', 'abcd', { 'content-length': '4' }),
  },
  {
    name: 'a request behind the announced length',
    frames: [post(1, ['content-length', '0']), data(1, SMUGGLED)],
    outcome: RESET_BEHIND,
  },
  {
    name: 'more than the announced length, in two frames',
    frames: [post(1, ['content-length', '4']), data(1, 'abcd', 0), data(1, SMUGGLED)],
    outcome: RESET_BEHIND,
  },
  {
    name: 'less than the announced length',
    frames: [post(1, ['content-length', '500']), data(1, 'abcd')],
    outcome: RESET,
  },
  {
    name: 'two lengths',
    frames: [post(1, ['content-length', '4'], ['content-length', '0']), data(1, 'abcd')],
    outcome: RESET,
  },
  ...['+4', '0x4', '4, 4', '4,0', '-1', '99999999999999999999', ''].map(
    (length): DowngradeCase => ({
      name: `length of ${JSON.stringify(length)}`,
      frames: [post(1, ['content-length', length]), data(1, 'abcd')],
      outcome: RESET,
    }),
  ),
  {
    name: 'length with a space behind it',
    frames: [post(1, ['content-length', '4 ']), data(1, 'abcd')],
    outcome: NEWEST_NGHTTP2 ? RESET : seen('/', 'abcd'),
  },
  {
    name: 'a length that some numbers cannot hold',
    frames: [post(1, ['content-length', '9007199254740993']), data(1, 'abcd', 0)],
    outcome: refused(400, 'FRAMING'),
  },
  {
    name: 'trailers that frame',
    frames: [
      post(1),
      data(1, 'abcd', 0),
      headers(1, block(['content-length', '0'], ['host', 'evil'], ['x-t', '1'])),
    ],
    outcome: RESET,
  },
  {
    name: 'half of the content, and a reset',
    frames: [post(1), data(1, 'abcd', 0), rstStream(1, 0)],
    outcome: RESET,
  },
  {
    name: 'content of GET',
    frames: [headers(1, block(...GET), 4), data(1, SMUGGLED)],
    outcome: seen('/', SMUGGLED),
  },
  {
    name: 'CONNECT',
    frames: [headers(1, block([':method', 'CONNECT'], [':authority', HOST]), 4)],
    outcome: refused(400, 'TARGET'),
  },
  {
    name: 'CONNECT to a protocol that is not WebSocket',
    frames: [
      headers(1, block([':method', 'CONNECT'], [':protocol', 'connect-udp'], ...POST.slice(1)), 4),
    ],
    outcome: refused(400, 'UPGRADE'),
  },
  {
    name: 'CONNECT to a protocol with a line break',
    frames: [
      headers(1, block([':method', 'CONNECT'], [':protocol', 'a\r\nb: c'], ...POST.slice(1)), 4),
    ],
    outcome: RESET,
  },
];

export const DOWNGRADE_CASES: readonly DowngradeCase[] = [
  ...INJECTIONS,
  ...TARGETS,
  ...FIELDS,
  ...FRAMINGS,
];
