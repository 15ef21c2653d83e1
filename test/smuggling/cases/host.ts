// SPDX-License-Identifier: Apache-2.0
import { GET, HOST, SMUGGLED, forwarded, get, raw, refused, type WireCase } from '../wire-case.ts';

const NO_HOST = ['ERR_PROXY_REQUEST_HOST', 'ERR_PROXY_REQUEST_MALFORMED'];
const ANOTHER = ['ERR_PROXY_REQUEST_MISDIRECTED'];

/** Host fields that are missing, doubled or malformed. */
const BAD: Readonly<Record<string, readonly string[]>> = {
  none: [],
  'none in HTTP/1.1 beside X-Forwarded-Host': [`X-Forwarded-Host: ${HOST}`],
  'two equal ones': [`Host: ${HOST}`, `Host: ${HOST}`],
  'two different ones': [`Host: ${HOST}`, 'Host: evil.example.com'],
  'two different ones, the right one last': ['Host: evil.example.com', `Host: ${HOST}`],
  'two in different case': [`Host: ${HOST}`, `HOST: ${HOST}`],
  'an empty one': ['Host:'],
  'an empty one beside the right one': [`Host: ${HOST}`, 'Host:'],
  'user information': [`Host: a@${HOST}`],
  'the right name behind an at sign': [`Host: evil.example.com@${HOST}`],
  'a list': [`Host: ${HOST}, evil.example.com`],
  'a space': [`Host: ${HOST} evil.example.com`],
  'a path': [`Host: ${HOST}/case`],
  'a query': [`Host: ${HOST}?a`],
  'a fragment': [`Host: ${HOST}#a`],
  'a scheme': [`Host: https://${HOST}`],
  'a backslash': [`Host: ${HOST}\\a`],
  'a port of six digits': [`Host: ${HOST}:100000`],
  'a port that is no number': [`Host: ${HOST}:https`],
  'a negative port': [`Host: ${HOST}:-1`],
  'two ports': [`Host: ${HOST}:443:443`],
  'a space before the port': [`Host: ${HOST} :443`],
  'an IPv6 address': ['Host: [::1]'],
  'an 8-bit character': [`Host: ${HOST}\xe9`],
  'a NUL': [`Host: ${HOST}\x00evil.example.com`],
  'a percent sign': ['Host: app%2eexample.com'],
  'a space before the colon': [`Host : ${HOST}`],
  'a folded value': ['Host:', ` ${HOST}`],
  'a continuation': [`Host: ${HOST}`, ' evil.example.com'],
  'a field that only looks like it': [`Ho_st: ${HOST}`],
};

/** Host fields that name another host. */
const OTHER: Readonly<Record<string, string>> = {
  'another name': 'evil.example.com',
  'a longer name': `${HOST}.evil.com`,
  'a name below': `a.${HOST}`,
  'the domain alone': 'example.com',
  'an address': '127.0.0.1',
  'two trailing dots': `${HOST}..`,
  'a leading dot': `.${HOST}`,
};

/** Whom a request is for. */
export const HOST_CASES: readonly WireCase[] = [
  ...Object.entries(BAD).map(([what, fields]) => ({
    name: `Host: ${what}`,
    bytes: raw([GET, ...fields], SMUGGLED),
    outcome: refused(400, ...NO_HOST),
  })),
  ...Object.entries(OTHER).map(([what, value]) => ({
    name: `Host: ${what}`,
    bytes: raw([GET, `Host: ${value}`], SMUGGLED),
    outcome: refused(421, ...ANOTHER),
  })),
  {
    name: 'Host: none in HTTP/1.0',
    bytes: raw(['GET /case HTTP/1.0'], SMUGGLED),
    outcome: refused(400, ...NO_HOST),
  },
  ...[`${HOST}:443`, `${HOST}:8443`, `${HOST}.`, HOST.toUpperCase(), `\t${HOST}\t`].map(
    (value) => ({
      name: `Host: ${JSON.stringify(value)} is this host`,
      bytes: raw([GET, `Host: ${value}`]),
      outcome: forwarded(get({ fields: { 'x-forwarded-host': HOST } })),
    }),
  ),
  {
    name: 'Host: X-Forwarded-Host, X-Host and Forwarded do not count',
    bytes: raw([
      GET,
      'X-Forwarded-Host: evil.example.com',
      'Forwarded: host=evil.example.com',
      'X_Forwarded_Host: evil.example.com',
      `Host: ${HOST}`,
    ]),
    outcome: forwarded(
      get({
        fields: { 'x-forwarded-host': HOST, forwarded: undefined, x_forwarded_host: undefined },
      }),
    ),
  },
];
