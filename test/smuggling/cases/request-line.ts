// SPDX-License-Identifier: Apache-2.0
import {
  HOST,
  SMUGGLED,
  forwarded,
  forwardedOrRefused,
  forwardedThenRefused,
  get,
  raw,
  refused,
  request,
  type WireCase,
} from '../wire-case.ts';

/** A line may be refused for its version or its target before the rest of it is looked at. */
const REFUSED_LINE = [
  'ERR_PROXY_REQUEST_MALFORMED',
  'ERR_PROXY_REQUEST_VERSION',
  'ERR_PROXY_REQUEST_TARGET',
];

/** Lines that are no request line of HTTP/1.0 or 1.1. */
const BROKEN: Readonly<Record<string, string>> = {
  'no version': 'GET /case',
  'a method alone': 'GET',
  'HTTP/1.2': 'GET /case HTTP/1.2',
  'HTTP/1.10': 'GET /case HTTP/1.10',
  'HTTP/01.1': 'GET /case HTTP/01.1',
  'HTTP/11': 'GET /case HTTP/11',
  'HTTP/1': 'GET /case HTTP/1',
  'HTTP/1,1': 'GET /case HTTP/1,1',
  'http/1.1': 'GET /case http/1.1',
  'HTTPS/1.1': 'GET /case HTTPS/1.1',
  'a space behind the version': 'GET /case HTTP/1.1 ',
  'something behind the version': 'GET /case HTTP/1.1 x',
  'a tab after the method': 'GET\t/case HTTP/1.1',
  'a tab before the version': 'GET /case\tHTTP/1.1',
  'a vertical tab before the version': 'GET /case\x0bHTTP/1.1',
  'get in small letters': 'get /case HTTP/1.1',
  'an unknown method': 'BREW /case HTTP/1.1',
  'a method that begins like another': 'GETT /case HTTP/1.1',
  'a method with a space': 'G ET /case HTTP/1.1',
  'a method with a NUL': 'GE\x00T /case HTTP/1.1',
  'a NUL in the target': 'GET /ca\x00se HTTP/1.1',
  'a control character in the target': 'GET /ca\x01se HTTP/1.1',
  'a CR in the target': 'GET /ca\rse HTTP/1.1',
  'an LF in the target': 'GET /ca\nse HTTP/1.1',
};

/** Targets that are not a path of this host. */
const TARGETS: Readonly<Record<string, string>> = {
  'absolute-form of this host': `http://${HOST}/case`,
  'absolute-form with https': `https://${HOST}/case`,
  'absolute-form of another host': 'http://evil.example.com/case',
  'absolute-form without a path': `http://${HOST}`,
  'absolute-form with user information': `http://a@${HOST}/case`,
  'another scheme': 'file:///etc/passwd',
  'an asterisk': '*',
  'a fragment': '/case#fragment',
};

/** Methods, targets and versions. */
export const REQUEST_LINE_CASES: readonly WireCase[] = [
  ...Object.entries(BROKEN).map(([what, line]) => ({
    name: `request line: ${what}`,
    bytes: request(line) + SMUGGLED,
    outcome: refused(400, ...REFUSED_LINE),
  })),
  ...Object.entries(TARGETS).map(([what, target]) => ({
    name: `target: ${what}`,
    bytes: request(`GET ${target} HTTP/1.1`) + SMUGGLED,
    outcome: refused(400, 'ERR_PROXY_REQUEST_TARGET'),
  })),
  ...[
    ['a space inside it', 'GET /ca se HTTP/1.1'],
    ['nothing', 'GET  HTTP/1.1'],
    ['no slash before it', 'GET case HTTP/1.1'],
    ['a query alone', 'GET ?a=b HTTP/1.1'],
    ['a backslash before it', 'GET \\case HTTP/1.1'],
    ['a host and port', `GET ${HOST}:443 HTTP/1.1`],
    ['a DEL inside it', 'GET /ca\x7fse HTTP/1.1'],
  ].map(([what, line]) => ({
    name: `target: ${what ?? ''}`,
    bytes: request(line ?? '') + SMUGGLED,
    outcome: refused(400, ...REFUSED_LINE),
  })),
  {
    name: 'CONNECT to a host and port',
    bytes: request(`CONNECT ${HOST}:443 HTTP/1.1`) + SMUGGLED,
    outcome: refused(400, 'ERR_PROXY_REQUEST_TARGET'),
  },
  {
    name: 'CONNECT to a path',
    bytes: request('CONNECT /case HTTP/1.1') + SMUGGLED,
    outcome: refused(400, ...REFUSED_LINE),
  },
  {
    name: 'a request line of HTTP/0.9',
    bytes: `GET /case\r\n${SMUGGLED}`,
    outcome: refused(400, ...REFUSED_LINE),
  },
  {
    name: 'a request line of HTTP/2',
    bytes: request('GET /case HTTP/2.0') + SMUGGLED,
    outcome: refused(400, ...REFUSED_LINE),
  },
  {
    name: 'the preface of HTTP/2',
    bytes: `${raw(['PRI * HTTP/2.0'], 'SM\r\n\r\n')}${SMUGGLED}`,
    outcome: refused(400, ...REFUSED_LINE),
  },
  {
    name: 'a target of 20 KB',
    bytes: request(`GET /${'a'.repeat(20_000)} HTTP/1.1`) + SMUGGLED,
    outcome: refused(431, 'ERR_PROXY_REQUEST_HEADERS_TOO_LARGE'),
  },
  {
    name: 'HTTP/1.0 ends the connection',
    bytes: request('GET /case HTTP/1.0') + SMUGGLED,
    outcome: forwardedThenRefused(get()),
  },
  {
    name: 'HTTP/1.0 with content',
    bytes: request('POST /case HTTP/1.0', ['Content-Length: 2'], `hi${SMUGGLED}`),
    outcome: forwardedThenRefused(get({ method: 'POST', body: 'hi' })),
  },
  {
    name: 'OPTIONS of the server',
    bytes: request('OPTIONS * HTTP/1.1'),
    outcome: forwarded(get({ method: 'OPTIONS', target: '*', refusedBy: { nginx: 400 } })),
  },
  ...[
    '/case%0d%0aX-A:%201',
    '/case%00',
    '/case?a=%20HTTP/1.1',
    '//case',
    '/case;a=b',
    '/case?/../',
  ].map((target) => ({
    name: `target: ${target} passes as it is`,
    bytes: request(`GET ${target} HTTP/1.1`),
    outcome: forwarded(
      get({ target, ...(target.includes('%00') ? { refusedBy: { nginx: 400 } } : {}) }),
    ),
  })),
  {
    name: 'target: 8-bit characters pass as they are',
    bytes: request('GET /caf\xc3\xa9?\xff HTTP/1.1'),
    outcome: forwardedOrRefused(get({ target: '/caf\xc3\xa9?\xff' })),
  },
  ...['GET  /case HTTP/1.1', 'GET /case  HTTP/1.1'].map((line) => ({
    name: `target: two spaces in ${line}`,
    bytes: request(line),
    outcome: forwardedOrRefused(get()),
  })),
  // A parser that knows them takes these for HTTP/1.0; what goes on is HTTP/1.1 in any case.
  ...['GET /case RTSP/1.0', 'SOURCE /case ICE/1.0'].map((line) => ({
    name: `version: ${line}`,
    bytes: request(line),
    outcome: {
      ...forwardedOrRefused(get({ method: line.split(' ', 1)[0] ?? '' })),
      then: 'either' as const,
    },
  })),
  {
    name: 'target: above the root',
    bytes: request('GET /../../case HTTP/1.1'),
    outcome: forwarded(get({ target: '/../../case', refusedBy: { nginx: 400 } })),
  },
  {
    name: 'TRACE',
    bytes: request('TRACE /case HTTP/1.1'),
    outcome: forwarded(get({ method: 'TRACE', refusedBy: { nginx: 405 } })),
  },
  ...['PROPFIND', 'M-SEARCH', 'PATCH', 'PURGE'].map((method) => ({
    name: `method ${method}`,
    bytes: request(`${method} /case HTTP/1.1`),
    outcome: forwarded(get({ method })),
  })),
];
