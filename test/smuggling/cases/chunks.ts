// SPDX-License-Identifier: Apache-2.0
import {
  HOST,
  POST,
  SMUGGLED,
  forwarded,
  forwardedOrRefused,
  get,
  post,
  refusedInContent,
  request,
  unfinished,
  type WireCase,
} from '../wire-case.ts';

const END = '0\r\n\r\n';
const SIZE = SMUGGLED.length.toString(16);

/** Content that is no sequence of chunks, or one that servers read in two ways. */
const BROKEN: Readonly<Record<string, string>> = {
  'a size that is no number': `zz\r\nhi\r\n${END}`,
  'an empty size': `\r\nhi\r\n${END}`,
  'a size with 0x': `0x2\r\nhi\r\n${END}`,
  'a size with a plus sign': `+2\r\nhi\r\n${END}`,
  'a size with a minus sign': `-2\r\nhi\r\n${END}`,
  'a size with h': `2h\r\nhi\r\n${END}`,
  'a size with a point': `2.0\r\nhi\r\n${END}`,
  'a space before the size': ` 2\r\nhi\r\n${END}`,
  'a space after the size': `2 \r\nhi\r\n${END}`,
  'a tab after the size': `2\t\r\nhi\r\n${END}`,
  'a space inside the size': `1 0\r\nhi\r\n${END}`,
  'a NUL after the size': `2\x00\r\nhi\r\n${END}`,
  'a comma after the size': `2,\r\nhi\r\n${END}`,
  'a size of 17 digits that is 2 modulo 2^64': `10000000000000002\r\nhi\r\n${END}`,
  'a size of 40 digits': `${'f'.repeat(40)}\r\nhi\r\n${END}`,
  'a size that ends in LF': `2\nhi\r\n${END}`,
  'a size that ends in CR': `2\rhi\r\n${END}`,
  'a size that ends in CR CR LF': `2\r\r\nhi\r\n${END}`,
  'data that ends in LF': `2\r\nhi\n${END}`,
  'data that ends in CR': `2\r\nhi\r${END}`,
  'data that ends in LF CR': `2\r\nhi\n\r${END}`,
  'data without an end of line': `2\r\nhi${END}`,
  'data longer than its size': `2\r\nhiXX\r\n${END}`,
  'an end of line before the first size': `\r\n2\r\nhi\r\n${END}`,
  'an end of line between chunks': `2\r\nhi\r\n\r\n2\r\nhi\r\n${END}`,
  'a bare LF in an extension': `2;a\nb\r\nhi\r\n${END}`,
  'a bare CR in an extension': `2;a\rb\r\nhi\r\n${END}`,
  'a NUL in an extension': `2;a\x00b\r\nhi\r\n${END}`,
  'an extension whose quote does not end': `2;a="b\r\nhi\r\n${END}`,
  'an end of line in a quoted extension': `2;a="\r\n${SIZE}\r\n"\r\nhi\r\n${END}`,
  'a last chunk that ends in LF': `2\r\nhi\r\n0\n\r\n`,
  'a last chunk followed by a bare LF': `2\r\nhi\r\n0\r\n\n`,
  'a last chunk with a space': `2\r\nhi\r\n0 \r\n\r\n`,
  'a request in place of the trailer section': `0\r\n${SMUGGLED}`,
  'a trailer line without a colon': '0\r\nX-A\r\n\r\n',
  'a trailer line without a name': '0\r\n: x\r\n\r\n',
  'a trailer with a space before the colon': '0\r\nX-A : x\r\n\r\n',
  'a folded trailer': '0\r\nX-A: 1\r\n folded\r\n\r\n',
  'a trailer with a bare CR': '0\r\nX-A: 1\r2\r\n\r\n',
  'a trailer with a bare LF': `0\r\nX-A: 1\nX-B: 2\r\n\r\n`,
  'a trailer with a NUL': '0\r\nX-A: 1\x002\r\n\r\n',
};

/** Content that is complete, and what it is. */
const WHOLE: Readonly<Record<string, readonly [chunks: string, body: string]>> = {
  'one chunk': [`2\r\nhi\r\n${END}`, 'hi'],
  'no chunk': [END, ''],
  'many chunks': [`${'1\r\nx\r\n'.repeat(50)}${END}`, 'x'.repeat(50)],
  'sizes in capitals': [`A\r\n0123456789\r\n${END}`, '0123456789'],
  'sizes in small letters': [`a\r\n0123456789\r\n${END}`, '0123456789'],
  'sizes with leading zeros': [`0002\r\nhi\r\n${END}`, 'hi'],
  'several zeros as the last chunk': ['2\r\nhi\r\n000\r\n\r\n', 'hi'],
  'an extension': [`2;a=b\r\nhi\r\n${END}`, 'hi'],
  'an extension without a value': [`2;a\r\nhi\r\n${END}`, 'hi'],
  'a quoted extension': [`2;a="b;c"\r\nhi\r\n${END}`, 'hi'],
  'an extension of the last chunk': ['2\r\nhi\r\n0;a=b\r\n\r\n', 'hi'],
  'a last chunk inside a chunk': [`5\r\n${END}\r\n${END}`, END],
  'a whole request inside a chunk': [`${SIZE}\r\n${SMUGGLED}\r\n${END}`, SMUGGLED],
  'line ends inside a chunk': [`4\r\n\r\n\r\n\r\n${END}`, '\r\n\r\n'],
};

/** Trailer fields that have no business there, and are not passed on. */
const TRAILERS = [
  'Content-Length: 54',
  'Transfer-Encoding: chunked',
  'Host: evil.example.com',
  'Content-Type: text/html',
  'X-Proofgate-Peer-Subject: admin',
  'X_Privasys_Peer: admin',
  'Connection: close',
];

const chunked = (rest: string): string => request(POST, ['Transfer-Encoding: chunked'], rest);

/** How chunked content begins, goes on and ends. */
export const CHUNK_CASES: readonly WireCase[] = [
  ...Object.entries(BROKEN).map(([what, content]) => ({
    name: `chunks: ${what}`,
    bytes: chunked(content + SMUGGLED),
    outcome: refusedInContent(),
  })),
  ...Object.entries(WHOLE).map(([what, [content, body]]) => ({
    name: `chunks: ${what}`,
    bytes: chunked(content),
    outcome: forwarded(post(body)),
  })),
  {
    name: 'chunks: an extension of 20 KB',
    bytes: chunked(`2;a=${'b'.repeat(20_000)}\r\nhi\r\n${END}${SMUGGLED}`),
    outcome: refusedInContent(),
  },
  {
    name: 'chunks: 2,000 extensions',
    bytes: chunked(`${'1;abcdefghij\r\nx\r\n'.repeat(2_000)}${END}`),
    outcome: { ...forwardedOrRefused(post('x'.repeat(2_000))), partly: true },
  },
  {
    name: 'chunks: a trailer section of 20 KB',
    bytes: chunked(`0\r\nX-A: ${'b'.repeat(20_000)}\r\n\r\n${SMUGGLED}`),
    outcome: refusedInContent(431, 'ERR_PROXY_REQUEST_HEADERS_TOO_LARGE'),
  },
  {
    name: 'chunks: a size that is 2 modulo 2^32',
    bytes: chunked(`100000002\r\nhi\r\n${END}${SMUGGLED}`),
    outcome: unfinished(),
  },
  {
    name: 'chunks: data shorter than its size',
    bytes: chunked(`ffff\r\nhi\r\n${END}${SMUGGLED}`),
    outcome: unfinished(),
  },
  {
    name: 'chunks: no last chunk',
    bytes: chunked(`2\r\nhi\r\n`),
    outcome: unfinished(),
  },
  {
    name: 'chunks: no end of the trailer section',
    bytes: chunked(`2\r\nhi\r\n0\r\nX-A: 1\r\n`),
    outcome: unfinished(),
  },
  {
    name: 'chunks: trailer fields',
    bytes: chunked(`2\r\nhi\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n`),
    outcome: forwarded(post('hi', { trailers: { 'x-a': '1', 'x-b': '2' } })),
  },
  ...TRAILERS.map((field) => ({
    name: `chunks: ${field} as a trailer field`,
    bytes: chunked(`2\r\nhi\r\n0\r\n${field}\r\nX-A: 1\r\n\r\n`),
    outcome: {
      ...forwardedOrRefused(post('hi', { trailers: { 'x-a': '1' } })),
      then: 'either' as const,
      partly: true,
    },
  })),
  {
    name: 'chunks: a request behind them',
    bytes: chunked(`2\r\nhi\r\n${END}${request('GET /second HTTP/1.1')}`),
    outcome: forwarded(post('hi'), get({ target: '/second' })),
  },
  {
    name: 'chunks: a request of HTTP/1.0 behind them',
    bytes: chunked(`${END}GET /second HTTP/1.0\r\nHost: ${HOST}\r\n\r\n`),
    outcome: { seen: [post(''), get({ target: '/second' })], then: 'closed' },
  },
];
