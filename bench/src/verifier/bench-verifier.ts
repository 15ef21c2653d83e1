// SPDX-License-Identifier: Apache-2.0
import { thisMachine, type BenchReport } from '../report/bench-report.ts';
import { createBenchEvidence, type BenchEvidence } from './bench-evidence.ts';
import { createContenders } from './contenders.ts';
import { measureRates, type Rates, type VerifierPace } from './measure-rates.ts';
import { browserCases, nodeCases } from './verifier-cases.ts';

/** How to run the benchmark. */
export interface BenchVerifierOptions {
  readonly pace: VerifierPace;
  /** When the evidence is made and judged. */
  readonly at: Date;
  /** Measures in a browser; Node alone when absent. */
  readonly inBrowser?: (evidence: BenchEvidence, pace: VerifierPace) => Promise<Rates>;
  readonly onProgress: (message: string) => void;
}

/** Measures our verifier beside `@phala/dcap-qvl` on the same evidence, in this process and, if asked, in a browser. */
export async function benchVerifier({
  pace,
  at,
  inBrowser,
  onProgress,
}: BenchVerifierOptions): Promise<BenchReport> {
  onProgress('making evidence');
  const evidence = await createBenchEvidence(at);
  onProgress(`measuring in Node, ${String(pace.rounds)} rounds`);
  const cases = nodeCases(await measureRates(await createContenders(evidence), pace));
  if (inBrowser !== undefined) {
    onProgress(`measuring in a browser, ${String(pace.rounds)} rounds`);
    cases.push(...browserCases(await inBrowser(evidence, pace)));
  }
  return { name: 'verifier', machine: thisMachine(false), cases };
}
