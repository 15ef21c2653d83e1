// SPDX-License-Identifier: Apache-2.0
import { runBenchmark } from '../program/run-benchmark.ts';
import { benchProxy, PARTS } from './bench-proxy.ts';
import { FULL, QUICK } from './measure-rounds.ts';

await runBenchmark(
  {
    name: 'proxy',
    about: `Measures the proxy beside nginx, haproxy and caddy in front of the same servers, in one run. They and the load generators
come from Debian: apt-get install nginx haproxy caddy wrk nghttp2-client`,
    quick: 'a minute instead of a quarter of an hour, without haproxy',
    parts: PARTS,
    measure: ({ quick, onInterrupt, ...asked }) =>
      benchProxy({
        ...asked,
        pace: quick ? QUICK : FULL,
        peers: quick ? 'few' : 'all',
        signal: onInterrupt(),
        searchPath: process.env['PATH'] ?? '',
      }),
  },
  process,
);
