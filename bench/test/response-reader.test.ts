// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ResponseReader, type HttpResponse } from '@proofgate/bench';

function read(text: string, cuts: readonly number[] = []): HttpResponse | undefined {
  const reader = new ResponseReader();
  const bytes = Buffer.from(text, 'latin1');
  const edges = [...new Set([0, ...cuts.map((cut) => cut % bytes.length), bytes.length])];
  edges.sort((a, b) => a - b);
  let response: HttpResponse | undefined;
  for (const [at, from] of edges.slice(0, -1).entries()) {
    expect(response).toBeUndefined();
    response = reader.push(bytes.subarray(from, edges[at + 1]));
  }
  return response;
}

const FIXED = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED =
  'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n';

test('reads both framings, however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), (cuts) => {
      const fixed = read(FIXED, cuts);
      expect([fixed?.status, fixed?.body.toString(), fixed?.close]).toEqual([200, 'hello', false]);
      const chunked = read(CHUNKED, cuts);
      expect([chunked?.status, chunked?.body.toString(), chunked?.close]).toEqual([
        201,
        'hello',
        true,
      ]);
    }),
  );
});

test.each([
  ['bytes after a body', `${FIXED}x`],
  ['bytes after the last chunk', `${CHUNKED}x`],
  ['no framing', 'HTTP/1.1 200 OK\r\n\r\n'],
  ['two framings', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['another protocol', 'ICY 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a chunk size that is not hex', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\n'],
  ['a chunk that is too long', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n'],
  ['an endless head', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`],
])('refuses %s', (_, text) => {
  expect(() => read(text)).toThrow();
});

test('an incomplete response is none, and says so', () => {
  const reader = new ResponseReader();
  expect(reader.push(Buffer.from(FIXED.slice(0, -1)))).toBeUndefined();
  expect(reader.isPartial).toBe(true);
  expect(reader.push(Buffer.from('o'))?.body.toString()).toBe('hello');
  expect(reader.isPartial).toBe(false);
});
