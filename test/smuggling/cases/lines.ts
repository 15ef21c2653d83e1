// SPDX-License-Identifier: Apache-2.0
import {
  GET,
  HOST,
  POST,
  SMUGGLED,
  forwarded,
  forwardedThenRefused,
  get,
  refused,
  request,
  type WireCase,
} from '../wire-case.ts';

/** Heads whose lines or fields do not end, begin or look as they have to. */
const BROKEN: Readonly<Record<string, string>> = {
  'LF alone everywhere': `GET /case HTTP/1.1\nHost: ${HOST}\n\n`,
  'LF alone after the request line': `GET /case HTTP/1.1\nHost: ${HOST}\r\n\r\n`,
  'LF alone after a field': `GET /case HTTP/1.1\r\nHost: ${HOST}\nX-A: 1\r\n\r\n`,
  'LF alone as the empty line': `GET /case HTTP/1.1\r\nHost: ${HOST}\r\n\n`,
  'CR alone everywhere': `GET /case HTTP/1.1\rHost: ${HOST}\r\r`,
  'CR alone after the request line': `GET /case HTTP/1.1\rHost: ${HOST}\r\n\r\n`,
  'CR alone after a field': `GET /case HTTP/1.1\r\nHost: ${HOST}\rX-A: 1\r\n\r\n`,
  'CR CR LF after a field': `GET /case HTTP/1.1\r\nHost: ${HOST}\r\r\n\r\n`,
  'LF CR after a field': `GET /case HTTP/1.1\r\nHost: ${HOST}\n\rX-A: 1\r\n\r\n`,
  'CR LF CR CR LF at the end': `GET /case HTTP/1.1\r\nHost: ${HOST}\r\n\r\r\n`,
  'a space before the method': ` ${request(GET)}`,
  'a tab before the method': `\t${request(GET)}`,
  'a NUL before the method': `\x00${request(GET)}`,
  'a byte order mark before the method': `\xef\xbb\xbf${request(GET)}`,
  'a folded field': request(GET, ['X-A: 1', ' folded']),
  'a field folded with a tab': request(GET, ['X-A: 1', '\tfolded']),
  'a folded first field': `${GET}\r\n X-A: 1\r\nHost: ${HOST}\r\n\r\n`,
  'a line of one space': request(GET, [' ']),
  'a line without a colon': request(GET, ['X-A']),
  'a line that is a request': request(GET, ['GET /smuggled HTTP/1.1']),
  'a field without a name': request(GET, [': x']),
  'a space before the colon': request(GET, ['X-A : 1']),
  'a tab before the colon': request(GET, ['X-A\t: 1']),
  'a space inside a name': request(GET, ['X A: 1']),
  'a NUL inside a name': request(GET, ['X\x00A: 1']),
  'a CR inside a name': request(GET, ['X\rA: 1']),
  'a DEL inside a name': request(GET, ['X\x7fA: 1']),
  'an 8-bit character inside a name': request(GET, ['X\xe9A: 1']),
  'a NUL inside a value': request(GET, ['X-A: 1\x002']),
  'a NUL at the end of a value': request(GET, ['X-A: 1\x00']),
  'a CR inside a value': request(GET, ['X-A: 1\r2']),
  'a CR at the beginning of a value': request(GET, ['X-A:\r1']),
  'an LF inside a value': request(GET, ['X-A: 1\n2']),
  'a control character inside a value': request(GET, ['X-A: 1\x012']),
  'a DEL inside a value': request(GET, ['X-A: 1\x7f2']),
  'a vertical tab inside a value': request(GET, ['X-A: 1\x0b2']),
  'an escape inside a value': request(GET, ['X-A: 1\x1b[2J']),
};

const NOT_IN_NAMES = [...'"(),/;<=>?@[\\]{}'];

/** Ends of lines, and the characters of names and values. */
export const LINE_CASES: readonly WireCase[] = [
  ...Object.entries(BROKEN).map(([what, bytes]) => ({
    name: `lines: ${what}`,
    bytes: bytes + SMUGGLED,
    outcome: refused(),
  })),
  ...NOT_IN_NAMES.map((character) => ({
    name: `lines: ${character} inside a name`,
    bytes: request(GET, [`X${character}A: 1`]) + SMUGGLED,
    outcome: refused(),
  })),
  {
    name: 'lines: every other character inside a name',
    bytes: request(GET, ["X!#$%&'*+.^`|~09azAZ: 1"]),
    outcome: forwarded(get({ fields: { "x!#$%&'*+.^`|~09azaz": '1' } })),
  },
  {
    name: 'lines: tabs inside a value',
    bytes: request(GET, ['X-A: 1\t2']),
    outcome: forwarded(get({ fields: { 'x-a': '1\t2' } })),
  },
  {
    name: 'lines: white space around a value',
    bytes: request(GET, ['X-A: \t 1 \t ']),
    outcome: forwarded(get({ fields: { 'x-a': '1' } })),
  },
  {
    name: 'lines: an empty value',
    bytes: request(GET, ['X-A:']),
    outcome: forwarded(get({ fields: { 'x-a': '' } })),
  },
  {
    name: 'lines: 8-bit characters inside a value',
    bytes: request(GET, ['X-A: \xe9\x85\xa0\xff']),
    outcome: forwarded(get({ fields: { 'x-a': '\xe9\x85\xa0\xff' } })),
  },
  {
    name: 'lines: one empty line before the request',
    bytes: `\r\n${request(GET)}`,
    outcome: refused(),
  },
  {
    name: 'lines: empty lines between two requests',
    bytes: `${request(GET)}\r\n\r\n${request('GET /second HTTP/1.1')}`,
    outcome: forwardedThenRefused(get()),
  },
  {
    name: 'lines: an empty line behind content',
    bytes: request(POST, ['Content-Length: 2'], `hi\r\n${request('GET /second HTTP/1.1')}`),
    outcome: forwardedThenRefused({ method: 'POST', target: '/case', body: 'hi' }),
  },
  {
    name: 'lines: a field name of 8 KB',
    bytes: request(GET, [`${'x'.repeat(8_000)}: 1`]),
    outcome: forwarded(get({ fields: { ['x'.repeat(8_000)]: '1' } })),
  },
  {
    name: 'lines: a field of 17 KB',
    bytes: request(GET, [`X-A: ${'a'.repeat(17_000)}`]) + SMUGGLED,
    outcome: refused(431, 'ERR_PROXY_REQUEST_HEADERS_TOO_LARGE'),
  },
  {
    name: 'lines: a field name of 17 KB',
    bytes: request(GET, [`${'x'.repeat(17_000)}: 1`]) + SMUGGLED,
    outcome: refused(431, 'ERR_PROXY_REQUEST_HEADERS_TOO_LARGE'),
  },
  {
    name: 'lines: a head of 300 KB',
    bytes:
      request(
        GET,
        Array.from({ length: 90 }, () => `X-A: ${'a'.repeat(3_300)}`),
      ) + SMUGGLED,
    outcome: refused(431, 'ERR_PROXY_REQUEST_HEADERS_TOO_LARGE'),
  },
  {
    name: 'lines: 101 fields',
    bytes:
      request(
        GET,
        Array.from({ length: 100 }, () => 'X-A: 1'),
      ) + SMUGGLED,
    outcome: refused(431, 'ERR_PROXY_REQUEST_HEADERS_TOO_LARGE'),
  },
  {
    name: 'lines: 2,200 fields, the last of which frames',
    bytes: request(POST, [
      ...Array.from({ length: 2_200 }, () => 'a:'),
      `Content-Length: ${String(SMUGGLED.length)}`,
    ]).concat(SMUGGLED),
    outcome: refused(431, 'ERR_PROXY_REQUEST_HEADERS_TOO_LARGE'),
  },
];
