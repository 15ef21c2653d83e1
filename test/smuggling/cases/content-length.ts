// SPDX-License-Identifier: Apache-2.0
import {
  GET,
  MAX_BODY_BYTES,
  POST,
  SMUGGLED,
  forwarded,
  forwardedOrRefused,
  forwardedThenRefused,
  get,
  post,
  refused,
  request,
  unfinished,
  type WireCase,
} from '../wire-case.ts';

/** Values of Content-Length that some server reads as 2, or as no length, and another one in another way. */
const MALFORMED_LENGTHS: Readonly<Record<string, string>> = {
  'a list of equal ones': '2, 2',
  'a list of different ones': '2, 5',
  'a list with an empty member': '2,',
  'a list that begins with an empty member': ',2',
  'a plus sign': '+2',
  'a minus sign': '-2',
  hexadecimal: '0x2',
  octal: '0o2',
  'a fraction': '2.0',
  'an exponent': '2e0',
  'a digit separator': '1_0',
  'a thousands separator': '1,000',
  'an inner space': '2 2',
  nothing: '',
  spaces: '   ',
  'a semicolon': '2;a=b',
  quotes: '"2"',
  'a comment': '2 (two)',
  letters: 'two',
  'Arabic digits': Buffer.from('٢').toString('latin1'),
  'a no-break space': '\xa02',
  'a vertical tab before': '\x0b2',
  'a vertical tab behind': '2\x0b',
  'a form feed behind': '2\x0c',
  'a NUL behind': '2\x00',
  'a bare CR behind': '2\r',
  '2^53': '9007199254740992',
  '2^63': '9223372036854775808',
  '2^64 + 2': '18446744073709551618',
  '400 digits': '2'.repeat(400),
};

/** Content-Length: what it may say, how often, and beside what. */
export const CONTENT_LENGTH_CASES: readonly WireCase[] = [
  ...Object.entries(MALFORMED_LENGTHS).map(([what, value]) => ({
    name: `Content-Length with ${what}`,
    bytes: request(POST, [`Content-Length: ${value}`], `hi${SMUGGLED}`),
    outcome: refused(),
  })),
  ...[
    ['equal', 'Content-Length: 2', 'Content-Length: 2'],
    ['different', 'Content-Length: 2', 'Content-Length: 54'],
    ['different, larger first', 'Content-Length: 54', 'Content-Length: 2'],
    ['in different case', 'Content-Length: 2', 'content-length: 54'],
    ['zero first', 'Content-Length: 0', 'Content-Length: 2'],
    ['one of them empty', 'Content-Length:', 'Content-Length: 2'],
    ['with another field between', 'Content-Length: 2', 'X-A: 1', 'Content-Length: 2'],
    ['and a list', 'Content-Length: 2', 'Content-Length: 2, 54'],
  ].map(([what, ...fields]) => ({
    name: `two Content-Length, ${what ?? ''}`,
    bytes: request(POST, fields, `hi${SMUGGLED}`),
    outcome: refused(),
  })),
  {
    name: 'Content-Length with a space before the colon',
    bytes: request(POST, ['Content-Length : 2'], `hi${SMUGGLED}`),
    outcome: refused(),
  },
  {
    name: 'Content-Length with a tab before the colon',
    bytes: request(POST, ['Content-Length\t: 2'], `hi${SMUGGLED}`),
    outcome: refused(),
  },
  {
    name: 'Content-Length folded onto the next line',
    bytes: request(POST, ['Content-Length:', ' 2'], `hi${SMUGGLED}`),
    outcome: refused(),
  },
  {
    name: 'Content-Length without a space',
    bytes: request(POST, ['Content-Length:2'], 'hi'),
    outcome: forwarded(post('hi')),
  },
  {
    name: 'Content-Length between spaces',
    bytes: request(POST, ['Content-Length:   2  '], 'hi'),
    outcome: forwarded(post('hi')),
  },
  {
    name: 'Content-Length between tabs',
    bytes: request(POST, ['Content-Length:\t2\t'], 'hi'),
    outcome: forwardedOrRefused(post('hi')),
  },
  {
    name: 'Content-Length in capitals',
    bytes: request(POST, ['CONTENT-LENGTH: 2'], 'hi'),
    outcome: forwarded(post('hi')),
  },
  {
    name: 'Content-Length with leading zeros is decimal',
    bytes: request(POST, ['Content-Length: 0010'], '0123456789'),
    outcome: forwarded(post('0123456789')),
  },
  {
    name: 'Content-Length 0',
    bytes: request(POST, ['Content-Length: 0']),
    outcome: forwarded(post('')),
  },
  {
    name: 'no length at all',
    bytes: request(POST),
    outcome: forwarded(post('')),
  },
  {
    name: 'a whole request as content',
    bytes: request(POST, [`Content-Length: ${String(SMUGGLED.length)}`], SMUGGLED),
    outcome: forwarded(post(SMUGGLED)),
  },
  {
    name: 'a whole request as content of a GET',
    bytes: request(GET, [`Content-Length: ${String(SMUGGLED.length)}`], SMUGGLED),
    outcome: forwarded(get({ body: SMUGGLED })),
  },
  {
    name: 'a whole request as content of a HEAD',
    bytes: request('HEAD /case HTTP/1.1', [`Content-Length: ${String(SMUGGLED.length)}`], SMUGGLED),
    outcome: forwarded(get({ method: 'HEAD', body: SMUGGLED })),
  },
  {
    name: 'a whole request as content of a DELETE',
    bytes: request(
      'DELETE /case HTTP/1.1',
      [`Content-Length: ${String(SMUGGLED.length)}`],
      SMUGGLED,
    ),
    outcome: forwarded(get({ method: 'DELETE', body: SMUGGLED })),
  },
  {
    name: 'a whole request as content of an OPTIONS',
    bytes: request(
      'OPTIONS /case HTTP/1.1',
      [`Content-Length: ${String(SMUGGLED.length)}`],
      SMUGGLED,
    ),
    outcome: forwarded(get({ method: 'OPTIONS', body: SMUGGLED })),
  },
  {
    name: 'content that is longer than its length',
    bytes: request(POST, ['Content-Length: 2'], '  no request'),
    outcome: forwardedThenRefused(post('  ')),
  },
  {
    name: 'content without a length',
    bytes: request(POST, [], 'not a request\r\n\r\n'),
    outcome: forwardedThenRefused(post('')),
  },
  {
    name: 'content that is shorter than its length',
    bytes: request(POST, [`Content-Length: ${String(SMUGGLED.length + 1)}`], SMUGGLED),
    outcome: unfinished(),
  },
  {
    name: 'a length above the limit',
    bytes: request(POST, [`Content-Length: ${String(MAX_BODY_BYTES + 1)}`], SMUGGLED),
    outcome: refused(413, 'ERR_PROXY_REQUEST_BODY_TOO_LARGE'),
  },
  {
    name: 'a field that only looks like Content-Length, beside it',
    bytes: request(POST, ['Content_Length: 54', 'Content-Length: 2'], 'hi'),
    outcome: forwarded(post('hi', { fields: { content_length: undefined } })),
  },
  {
    name: 'a field that only looks like Content-Length',
    bytes: request(POST, ['Content_Length: 5']),
    outcome: forwarded(post('', { fields: { content_length: undefined } })),
  },
  {
    name: 'X-Content-Length is a field like others',
    bytes: request(POST, ['X-Content-Length: 5']),
    outcome: forwarded(post('', { fields: { 'x-content-length': '5' } })),
  },
];
