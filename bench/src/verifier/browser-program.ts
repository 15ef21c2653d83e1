// SPDX-License-Identifier: Apache-2.0
// Bundled for and run in a browser.
import type { BenchEvidence } from './bench-evidence.ts';
import { createContenders } from './contenders.ts';
import { measureRates, type Rates, type VerifierPace } from './measure-rates.ts';

/** What the page is asked to do. */
export type RunInBrowser = (evidence: BenchEvidence, pace: VerifierPace) => Promise<Rates>;

const run: RunInBrowser = async (evidence, pace) =>
  measureRates(await createContenders(evidence), pace);

Object.assign(globalThis, { runVerifierBenchmark: run });
