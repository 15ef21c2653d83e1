// SPDX-License-Identifier: Apache-2.0
import { runBenchmark } from '../program/run-benchmark.ts';
import { benchEvidence, FULL, QUICK } from './bench-evidence.ts';

await runBenchmark(
  {
    name: 'evidence',
    about: `Measures connections that get evidence bound to their session: a new TLS connection, one question, its answer. With
batches, and with a quote for each. The quoter is modelled.`,
    quick: 'some seconds instead of a minute',
    measure: ({ quick, onInterrupt, ...asked }) =>
      benchEvidence({ ...asked, pace: quick ? QUICK : FULL, signal: onInterrupt() }),
  },
  process,
);
