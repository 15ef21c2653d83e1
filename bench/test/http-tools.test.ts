// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { readH2load, readWrk, requirePrograms } from '@proofgate/bench';

describe('what wrk prints', () => {
  const output = (latency: string): string => `Running 3s test @ https://localhost:8443/1k
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.62ms  353.25us   8.77ms   89.37%
    Req/Sec    39.34k     2.01k   42.40k    80.00%
  Latency Distribution
     50%    1.58ms
     75%    1.74ms
     90%    1.91ms
     99%    ${latency}
  117456 requests in 3.01s, 148.10MB read
Requests/sec:  39031.77
Transfer/sec:     49.22MB
`;

  test.each([
    ['2.94ms', 2.94],
    ['940.00us', 0.94],
    ['1.20s', 1_200],
  ])('is read, with a p99 of %s', (text, p99) => {
    const read = readWrk(output(text));
    expect(read).toMatchObject({ operations: 117_456, perSecond: 39_031.77 });
    expect(read.p99).toBeCloseTo(p99);
  });

  test('is an error with failed answers, and without any', () => {
    const failed = `${output('1ms')}  Non-2xx or 3xx responses: 12\n`;
    expect(() => readWrk(failed)).toThrow('12 answers were not 2xx');
    expect(() => readWrk('unable to connect')).toThrow('no result');
  });
});

describe('what h2load prints', () => {
  const output = (codes: string, requests = '0 failed, 0 errored, 0 timeout'): string =>
    `Application protocol: h2
finished in 3.00s, 15123.33 req/s, 17.71MB/s
requests: 45370 total, 45498 started, 45370 done, 45370 succeeded, ${requests}
status codes: ${codes}
`;

  test('is read', () => {
    const read = readH2load(output('45370 2xx, 0 3xx, 0 4xx, 0 5xx'));
    expect(read).toMatchObject({ operations: 45_370, perSecond: 15_123.33 });
  });

  test.each([
    ['other answers', output('45000 2xx, 0 3xx, 370 4xx, 0 5xx')],
    ['failures', output('45370 2xx, 0 3xx, 0 4xx, 0 5xx', '3 failed, 0 errored, 0 timeout')],
    ['no answers', output('0 2xx, 0 3xx, 0 4xx, 0 5xx')],
    ['another protocol', output('9 2xx, 0 3xx, 0 4xx, 0 5xx').replace('h2\n', 'http/1.1\n')],
  ])('is an error with %s', (_, text) => {
    expect(() => readH2load(text)).toThrow(/h2load failed|no HTTP\/2/);
  });
});

test('programs that are missing are named, with the packages that have them', () => {
  expect(() => requirePrograms(['wrk', 'h2load'], '/nowhere:/nor/here')).toThrow(
    'not on this machine: wrk, h2load; on Debian: apt-get install wrk nghttp2-client',
  );
  expect(() => requirePrograms(['sh'], '/bin:/usr/bin')).not.toThrow();
});
