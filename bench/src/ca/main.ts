// SPDX-License-Identifier: Apache-2.0
import { runBenchmark } from '../program/run-benchmark.ts';
import { additions, benchCa, FULL, QUICK } from './bench-ca.ts';

await runBenchmark(
  {
    name: 'ca',
    about: 'Measures how many leaves one core makes a second, beside @peculiar/x509, in one run.',
    quick: 'some seconds instead of half a minute',
    measure: ({ quick, onProgress }) =>
      benchCa({ pace: quick ? QUICK : FULL, at: new Date(), onProgress }),
    remarks: additions,
  },
  process,
);
