// SPDX-License-Identifier: Apache-2.0
import {
  GET,
  HOST,
  POST,
  SMUGGLED,
  forwarded,
  forwardedAndClosed,
  forwardedThenRefused,
  get,
  post,
  refused,
  request,
  type WireCase,
} from '../wire-case.ts';

const UPGRADE = ['ERR_PROXY_REQUEST_UPGRADE'];
const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';

/** Requests for another protocol that are never sent on. */
const UPGRADES: Readonly<Record<string, readonly string[]>> = {
  'to h2c': [
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
    'Connection: Upgrade, HTTP2-Settings',
  ],
  'to H2C in capitals': ['Connection: Upgrade', 'Upgrade: H2C'],
  'to h2': ['Connection: Upgrade', 'Upgrade: h2'],
  'to HTTP/2.0': ['Connection: Upgrade', 'Upgrade: HTTP/2.0'],
  'to TLS': ['Connection: Upgrade', 'Upgrade: TLS/1.2'],
  'to several protocols': ['Connection: Upgrade', 'Upgrade: websocket, h2c', KEY],
  'in two fields': ['Connection: Upgrade', 'Upgrade: websocket', 'Upgrade: h2c', KEY],
  'to nothing': ['Connection: Upgrade', 'Upgrade: ,'],
  'to something malformed': ['Connection: Upgrade', 'Upgrade: a b'],
  'to WebSocket without a key': ['Connection: Upgrade', 'Upgrade: websocket'],
  'to WebSocket with a short key': [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZQ==',
  ],
  'to WebSocket with two keys': ['Connection: Upgrade', 'Upgrade: websocket', KEY, KEY],
  'with a length': [
    'Connection: Upgrade',
    'Upgrade: foo',
    `Content-Length: ${String(SMUGGLED.length)}`,
  ],
  'with chunked content': ['Connection: Upgrade', 'Upgrade: foo', 'Transfer-Encoding: chunked'],
};

/** Fields that Connection names and that stay all the same. */
const KEPT: Readonly<
  Record<string, readonly [line: string, fields: readonly string[], body: string]>
> = {
  Host: [GET, ['Connection: Host'], ''],
  'Host in a list': [GET, ['Connection: keep-alive, host'], ''],
  'Host in two fields': [GET, ['Connection: close-not', 'Connection: HOST'], ''],
  'Content-Length': [POST, ['Connection: Content-Length', 'Content-Length: 2'], 'hi'],
  'Content-Length of a GET': [GET, ['Connection: content-length', 'Content-Length: 2'], 'hi'],
  'Transfer-Encoding': [
    POST,
    ['Connection: Transfer-Encoding', 'Transfer-Encoding: chunked'],
    '2\r\nhi\r\n0\r\n\r\n',
  ],
  Trailer: [POST, ['Connection: trailer', 'Transfer-Encoding: chunked'], '2\r\nhi\r\n0\r\n\r\n'],
};

/** Fields that never reach the upstream from outside. */
const STRIPPED = [
  'Connection: x-nothing',
  'Keep-Alive: timeout=5',
  'Proxy-Connection: keep-alive',
  'Proxy-Authorization: Basic YTpi',
  'HTTP2-Settings: AAMAAABkAAQAAP__',
  'TE: gzip',
  'X-Proofgate-Peer-Subject: admin',
  'x-proofgate-peer-subject: admin',
  'X_Proofgate_Peer_Subject: admin',
  'X-Proofgate_Peer-Subject: admin',
  'X-Privasys-Peer-Id: admin',
  'X.Privasys.Peer.Id: admin',
  'X-Real-IP: 10.0.0.1',
  'Forwarded: for=10.0.0.1',
];

/** Hop-by-hop fields, changes of protocol and expectations. */
export const CONNECTION_CASES: readonly WireCase[] = [
  ...Object.entries(UPGRADES).map(([what, fields]) => ({
    name: `upgrade ${what}`,
    bytes: request(GET, fields, SMUGGLED),
    outcome: refused(400, ...UPGRADE, 'ERR_PROXY_REQUEST_FRAMING'),
  })),
  {
    name: 'upgrade with POST',
    bytes: request(POST, ['Connection: Upgrade', 'Upgrade: foo'], SMUGGLED),
    outcome: refused(400, ...UPGRADE),
  },
  {
    name: 'upgrade that the upstream declines ends the connection',
    bytes: request(GET, ['Connection: Upgrade', 'Upgrade: foo'], SMUGGLED),
    outcome: forwardedAndClosed(get()),
  },
  {
    name: 'upgrade to WebSocket that the upstream declines ends the connection',
    bytes: request(GET, ['Connection: Upgrade', 'Upgrade: websocket', KEY], SMUGGLED),
    outcome: forwardedAndClosed(get()),
  },
  {
    name: 'upgrade that Connection does not name is none',
    bytes: request(GET, ['Upgrade: h2c']),
    outcome: forwarded(get({ fields: { upgrade: undefined } })),
  },
  {
    name: 'upgrade that names no protocol is none',
    bytes: request(GET, ['Connection: Upgrade']),
    outcome: forwarded(get({ fields: { upgrade: undefined } })),
  },
  ...Object.entries(KEPT).map(([what, [line, fields, rest]]) => ({
    name: `Connection cannot remove ${what}`,
    bytes: request(line, fields, rest),
    outcome: forwarded({
      method: line === GET ? 'GET' : 'POST',
      target: '/case',
      body: rest === '' ? '' : 'hi',
      fields: { 'x-forwarded-host': HOST, host: HOST },
    }),
  })),
  ...['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'].map((name) => ({
    name: `Connection cannot remove ${name}`,
    bytes: request(GET, [`Connection: ${name}`, `${name}: evil`]),
    outcome: forwarded(
      get({
        fields: {
          'x-forwarded-for': '127.0.0.1',
          'x-forwarded-host': HOST,
          'x-forwarded-proto': 'https',
        },
      }),
    ),
  })),
  {
    name: 'Connection removes what it may name',
    bytes: request(GET, ['Connection: X-A , ,x-b', 'X-A: 1', 'X-B: 2', 'X-C: 3']),
    outcome: forwarded(get({ fields: { 'x-a': undefined, 'x-b': undefined, 'x-c': '3' } })),
  },
  ...STRIPPED.map((field) => {
    const [name = '', value = ''] = field.split(': ', 2);
    const key = name.toLowerCase();
    return {
      name: `${field} does not reach the upstream`,
      bytes: request(GET, [field, `X-Copy: ${value}`]),
      // nginx speaks of its own connection to the recorder with this name.
      outcome: forwarded(get({ fields: key === 'connection' ? {} : { [key]: undefined } })),
    };
  }),
  {
    name: 'Connection: close ends the connection',
    bytes: request(GET, ['Connection: close']),
    outcome: forwardedAndClosed(get()),
  },
  {
    name: 'a request behind Connection: close is none',
    bytes: request(GET, ['Connection: close'], SMUGGLED),
    outcome: forwardedThenRefused(get()),
  },
  {
    name: 'Connection: close beside keep-alive ends the connection',
    bytes: request(GET, ['Connection: keep-alive, close'], SMUGGLED),
    outcome: forwardedThenRefused(get()),
  },
  {
    name: 'Connection: close with content ends the connection behind it',
    bytes: request(POST, ['Connection: close', 'Content-Length: 2'], `hi${SMUGGLED}`),
    outcome: forwardedThenRefused(post('hi')),
  },
  {
    name: 'Expect: 100-continue with the content at once',
    bytes: request(POST, ['Expect: 100-continue', 'Content-Length: 2'], 'hi'),
    outcome: forwarded(post('hi')),
  },
  {
    name: 'Expect: 100-continue in capitals with chunked content',
    bytes: request(
      POST,
      ['EXPECT: 100-CONTINUE', 'Transfer-Encoding: chunked'],
      '2\r\nhi\r\n0\r\n\r\n',
    ),
    outcome: forwarded(post('hi')),
  },
  {
    name: 'Expect: 100-continue without content',
    bytes: request(GET, ['Expect: 100-continue']),
    outcome: { ...forwarded(get({ fields: { expect: undefined } })), then: 'either' },
  },
  ...[
    ['something else', ['Expect: 200-ok']],
    ['something else beside it', ['Expect: 100-continue, 200-ok']],
    ['it twice', ['Expect: 100-continue', 'Expect: 100-continue']],
    ['it with a parameter', ['Expect: 100-continue;a=b']],
    ['nothing', ['Expect:']],
  ].map(([what, fields]) => ({
    name: `Expect: ${String(what)}`,
    bytes: request(POST, [...(fields ?? []), 'Content-Length: 2'], `hi${SMUGGLED}`),
    outcome: refused(417, 'ERR_PROXY_REQUEST_EXPECTATION'),
  })),
];
