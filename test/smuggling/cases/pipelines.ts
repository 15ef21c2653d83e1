// SPDX-License-Identifier: Apache-2.0
import {
  GET,
  HOST,
  POST,
  SMUGGLED,
  forwarded,
  forwardedThenRefused,
  get,
  post,
  request,
  type WireCase,
} from '../wire-case.ts';

const second = (fields: readonly string[] = []): string => request('GET /second HTTP/1.1', fields);
const SECOND = get({ target: '/second' });

/** Several requests on one connection, each of which gets its own answer. */
export const PIPELINE_CASES: readonly WireCase[] = [
  {
    name: 'pipeline: two requests',
    bytes: request(GET) + second(),
    outcome: forwarded(get(), SECOND),
  },
  {
    name: 'pipeline: twenty requests',
    bytes: Array.from({ length: 20 }, (_, n) => request(`GET /case/${String(n)} HTTP/1.1`)).join(
      '',
    ),
    outcome: forwarded(
      ...Array.from({ length: 20 }, (_, n) => get({ target: `/case/${String(n)}` })),
    ),
  },
  {
    name: 'pipeline: a request behind content',
    bytes: request(POST, ['Content-Length: 2'], 'hi') + second(),
    outcome: forwarded(post('hi'), SECOND),
  },
  {
    name: 'pipeline: a request behind HEAD',
    bytes: request('HEAD /case HTTP/1.1') + second(),
    outcome: forwarded(get({ method: 'HEAD' }), SECOND),
  },
  {
    name: 'pipeline: content behind content',
    bytes:
      request(POST, [`Content-Length: ${String(SMUGGLED.length)}`], SMUGGLED) +
      request('POST /second HTTP/1.1', ['Transfer-Encoding: chunked'], '2\r\nhi\r\n0\r\n\r\n'),
    outcome: forwarded(post(SMUGGLED), post('hi', { target: '/second' })),
  },
  {
    name: 'pipeline: a request behind one that ends the connection',
    bytes: request(GET) + second(['Connection: close']) + SMUGGLED,
    outcome: forwardedThenRefused(get(), SECOND),
  },
  {
    name: 'pipeline: garbage behind a request',
    bytes: `${request(GET)}\x16\x03\x01 no request\r\n\r\n${SMUGGLED}`,
    outcome: forwardedThenRefused(get()),
  },
  {
    name: 'pipeline: a request with two lengths behind another',
    bytes:
      request(GET) + request(POST, ['Content-Length: 2', 'Content-Length: 54'], `hi${SMUGGLED}`),
    outcome: forwardedThenRefused(get()),
  },
  {
    name: 'pipeline: a request with length and encoding behind another',
    bytes:
      request(GET) +
      request(POST, ['Content-Length: 2', 'Transfer-Encoding: chunked'], `0\r\n\r\n${SMUGGLED}`),
    outcome: forwardedThenRefused(get()),
  },
  {
    name: 'pipeline: a request for another host behind another',
    bytes: `${request(GET)}GET /smuggled HTTP/1.1\r\nHost: evil.example.com\r\n\r\n${SMUGGLED}`,
    outcome: {
      seen: [get()],
      then: { status: 421, codes: ['ERR_PROXY_REQUEST_MISDIRECTED'] },
    },
  },
  {
    name: 'pipeline: content of one byte too few swallows the next method',
    bytes: request(POST, ['Content-Length: 3'], `hi${SMUGGLED}`),
    outcome: forwardedThenRefused(post('hiG')),
  },
  {
    name: 'pipeline: content that ends in the middle of a request',
    bytes: request(POST, ['Content-Length: 17'], `GET /smuggled HTT\r\nHost: ${HOST}\r\n\r\n`),
    outcome: forwardedThenRefused(post('GET /smuggled HTT')),
  },
];
