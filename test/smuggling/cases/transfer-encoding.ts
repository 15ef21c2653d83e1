// SPDX-License-Identifier: Apache-2.0
import {
  POST,
  SMUGGLED,
  forwarded,
  forwardedOrRefused,
  get,
  post,
  refused,
  request,
  type WireCase,
} from '../wire-case.ts';

const CHUNKED = 'Transfer-Encoding: chunked';
const LENGTH = `Content-Length: ${String(`0\r\n\r\n${SMUGGLED}`.length)}`;
const EMPTY = '0\r\n\r\n';

/** Fields of which one server makes chunked content and another one something else. */
const DOUBTFUL: Readonly<Record<string, readonly string[]>> = {
  'Content-Length before Transfer-Encoding': [LENGTH, CHUNKED],
  'Transfer-Encoding before Content-Length': [CHUNKED, LENGTH],
  'Content-Length 0 before Transfer-Encoding': ['Content-Length: 0', CHUNKED],
  'Transfer-Encoding before Content-Length 0': [CHUNKED, 'Content-Length: 0'],
  'Content-Length that ends before the last chunk': ['Content-Length: 3', CHUNKED],
  'Transfer-Encoding between two Content-Length': [LENGTH, CHUNKED, LENGTH],
  'a broken Transfer-Encoding beside Content-Length': [LENGTH, 'Transfer-Encoding: xchunked'],
  'an empty Transfer-Encoding beside Content-Length': [LENGTH, 'Transfer-Encoding:'],
  'Transfer-Encoding identity beside Content-Length': [LENGTH, 'Transfer-Encoding: identity'],
  xchunked: ['Transfer-Encoding: xchunked'],
  chunkedx: ['Transfer-Encoding: chunkedx'],
  'chunked twice in a list': ['Transfer-Encoding: chunked, chunked'],
  'gzip before chunked': ['Transfer-Encoding: gzip, chunked'],
  'chunked before gzip': ['Transfer-Encoding: chunked, gzip'],
  'chunked before identity': ['Transfer-Encoding: chunked, identity'],
  'identity before chunked': ['Transfer-Encoding: identity, chunked'],
  'identity alone': ['Transfer-Encoding: identity'],
  'cow before chunked': ['Transfer-Encoding: cow, chunked'],
  nothing: ['Transfer-Encoding:'],
  'a comma': ['Transfer-Encoding: ,'],
  'an empty member before chunked': ['Transfer-Encoding: , chunked'],
  'an empty member after chunked': ['Transfer-Encoding: chunked,'],
  'double quotes': ['Transfer-Encoding: "chunked"'],
  'single quotes': ["Transfer-Encoding: 'chunked'"],
  'a parameter': ['Transfer-Encoding: chunked;q=1'],
  'a space inside': ['Transfer-Encoding: chun ked'],
  'a word behind': ['Transfer-Encoding: chunked chunked'],
  'a vertical tab before': ['Transfer-Encoding: \x0bchunked'],
  'a vertical tab behind': ['Transfer-Encoding: chunked\x0b'],
  'a form feed before': ['Transfer-Encoding: \x0cchunked'],
  'a NUL before': ['Transfer-Encoding: \x00chunked'],
  'a NUL behind': ['Transfer-Encoding: chunked\x00'],
  'a bare CR behind': ['Transfer-Encoding: chunked\r'],
  'a no-break space before': ['Transfer-Encoding: \xa0chunked'],
  'an 8-bit character': ['Transfer-Encoding: \xffchunked'],
  'two equal fields': [CHUNKED, CHUNKED],
  'chunked, then identity in a second field': [CHUNKED, 'Transfer-Encoding: identity'],
  'identity, then chunked in a second field': ['Transfer-Encoding: identity', CHUNKED],
  'chunked, then nothing in a second field': [CHUNKED, 'Transfer-Encoding:'],
  'chunked and a second field in capitals': [CHUNKED, 'TRANSFER-ENCODING: cow'],
  'a space before the colon': ['Transfer-Encoding : chunked'],
  'a tab before the colon': ['Transfer-Encoding\t: chunked'],
  'a space before the colon, beside Content-Length': [LENGTH, 'Transfer-Encoding : chunked'],
  'a space inside the name': ['Transfer Encoding: chunked'],
  'a NUL inside the name': ['Transfer-\x00Encoding: chunked'],
  'an 8-bit character inside the name': ['Transfer\xadEncoding: chunked'],
  'the colon on the next line': ['Transfer-Encoding', ': chunked'],
  'the value on the next line': ['Transfer-Encoding:', ' chunked'],
  'the value on the next line after a tab': ['Transfer-Encoding:', '\tchunked'],
  'the value continued': ['Transfer-Encoding: chunked', ' , identity'],
  'the field as a continuation of another one': ['X-A: 1', ' Transfer-Encoding: chunked'],
  'the field behind a bare LF': ['X-A: 1\nTransfer-Encoding: chunked'],
  'the field behind a bare CR': ['X-A: 1\rTransfer-Encoding: chunked'],
  'the field behind a NUL': ['X-A: 1\x00Transfer-Encoding: chunked'],
  'the field behind two LF': ['X-A: 1\n\nTransfer-Encoding: chunked'],
};

/** Transfer-Encoding: which spellings mean chunked, and what it may stand beside. */
export const TRANSFER_ENCODING_CASES: readonly WireCase[] = [
  ...Object.entries(DOUBTFUL).map(([what, fields]) => ({
    name: `Transfer-Encoding: ${what}`,
    bytes: request(POST, fields, EMPTY + SMUGGLED),
    outcome: refused(),
  })),
  {
    name: 'Transfer-Encoding in HTTP/1.0',
    bytes: request('POST /case HTTP/1.0', [CHUNKED], EMPTY + SMUGGLED),
    outcome: refused(),
  },
  {
    name: 'Transfer-Encoding in HTTP/1.0 with keep-alive',
    bytes: request('POST /case HTTP/1.0', [CHUNKED, 'Connection: keep-alive'], EMPTY + SMUGGLED),
    outcome: refused(),
  },
  ...['POST', 'GET', 'DELETE', 'OPTIONS', 'PUT', 'PATCH'].map((method) => ({
    name: `chunked content of ${method}`,
    bytes: request(`${method} /case HTTP/1.1`, [CHUNKED], `2\r\nhi\r\n${EMPTY}`),
    outcome: forwarded(post('hi', { method })),
  })),
  {
    name: 'chunked content of HEAD',
    bytes: request('HEAD /case HTTP/1.1', [CHUNKED], `2\r\nhi\r\n${EMPTY}`),
    outcome: forwarded(post('hi', { method: 'HEAD' })),
  },
  {
    name: 'chunked in capitals',
    bytes: request(POST, ['TRANSFER-ENCODING: CHUNKED'], `2\r\nhi\r\n${EMPTY}`),
    outcome: forwarded(post('hi')),
  },
  {
    name: 'chunked in mixed case without a space',
    bytes: request(POST, ['transfer-encoding:cHuNkEd'], `2\r\nhi\r\n${EMPTY}`),
    outcome: forwarded(post('hi')),
  },
  {
    name: 'chunked between spaces',
    bytes: request(POST, ['Transfer-Encoding:   chunked  '], `2\r\nhi\r\n${EMPTY}`),
    outcome: forwardedOrRefused(post('hi')),
  },
  {
    name: 'chunked between tabs',
    bytes: request(POST, ['Transfer-Encoding:\tchunked\t'], `2\r\nhi\r\n${EMPTY}`),
    outcome: forwardedOrRefused(post('hi')),
  },
  {
    name: 'a field that only looks like Transfer-Encoding, beside Content-Length',
    bytes: request(POST, ['Transfer_Encoding: chunked', 'Content-Length: 5'], EMPTY),
    outcome: forwarded(post(EMPTY, { fields: { transfer_encoding: undefined } })),
  },
  {
    name: 'a field that only looks like Transfer-Encoding',
    bytes: request('GET /case HTTP/1.1', ['Transfer_Encoding: chunked']),
    outcome: forwarded(get({ fields: { transfer_encoding: undefined } })),
  },
  {
    name: 'X-Transfer-Encoding is a field like others',
    bytes: request('GET /case HTTP/1.1', ['X-Transfer-Encoding: chunked']),
    outcome: forwarded(get({ fields: { 'x-transfer-encoding': 'chunked' } })),
  },
];
