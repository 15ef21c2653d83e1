// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import { runBenchmark } from '../program/run-benchmark.ts';
import { benchVerifier } from './bench-verifier.ts';
import { measureInBrowser } from './measure-in-browser.ts';
import { FULL, QUICK } from './measure-rates.ts';

const program = fileURLToPath(new URL('browser-program.js', import.meta.url));

await runBenchmark(
  {
    name: 'verifier',
    about: 'Measures the verifier beside @phala/dcap-qvl on the same evidence, in one run.',
    quick: 'some seconds instead of a minute',
    switches: { browser: 'in headless Chromium (/usr/bin/chromium) as well' },
    measure: ({ quick, switches, onProgress }) =>
      benchVerifier({
        pace: quick ? QUICK : FULL,
        at: new Date(),
        ...(switches.has('browser') && {
          inBrowser: (evidence, howLong) => measureInBrowser(program, evidence, howLong),
        }),
        onProgress,
      }),
  },
  process,
);
