// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { routeConfigSchema } from '../src/route-config.ts';

function parse(headers: unknown, mode = 'http'): boolean {
  const upstream = mode === 'http' ? 'http://127.0.0.1:1' : '127.0.0.1:1';
  const route = { hostname: 'app.example.com', mode, upstream, response_headers: headers };
  return routeConfigSchema.safeParse(route).success;
}

describe('header fields of a route', () => {
  test.each([
    {},
    { 'Strict-Transport-Security': 'max-age=31536000; includeSubDomains' },
    { 'X-Frame-Options': 'DENY', 'Referrer-Policy': 'no-referrer' },
  ])('are accepted: %j', (headers) => {
    expect(parse(headers)).toBe(true);
  });

  test.each([
    { 'Content-Length': '1' },
    { 'transfer-encoding': 'chunked' },
    { 'Set-Cookie': 'a=b' },
    { 'X-Proofgate-Peer-Key': 'a' },
    { 'X Frame': 'a' },
    { '': 'a' },
    { 'X-A': '' },
    { 'X-A': 'a\r\nX-B: b' },
    { 'X-A': ' a' },
    { 'X-A': 1 },
    { 'X-A': '1', 'x-a': '2' },
    Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`X-${String(n)}`, 'a'])),
  ])('are refused: %j', (headers) => {
    expect(parse(headers)).toBe(false);
  });

  test('have no place in a stream of bytes', () => {
    expect(parse({ 'X-A': 'a' }, 'tcp')).toBe(false);
    expect(parse(undefined, 'tcp')).toBe(false);
  });
});
