// SPDX-License-Identifier: Apache-2.0
import type { BenchReport } from '../report/bench-report.ts';

/** A benchmark, as its `main.ts` describes it to {@link runBenchmark}. */
export interface Benchmark {
  /** Of its script in package.json, and of its file in `bench/results/`. */
  readonly name: string;
  /** What it measures, in sentences. */
  readonly about: string;
  /** What `--quick` leaves out. */
  readonly quick: string;
  /** Switches that it has beside the common ones, and what they do. */
  readonly switches?: Readonly<Record<string, string>>;
  /** What `--only` can choose from. */
  readonly parts?: readonly string[];
  readonly measure: (asked: AskedFor) => Promise<BenchReport>;
  /** Lines below the table. */
  readonly remarks?: (report: BenchReport) => string;
}

/** What the user wants. */
export interface AskedFor {
  readonly quick: boolean;
  /** Switches that are on. */
  readonly switches: ReadonlySet<string>;
  /** All, unless some were chosen. */
  readonly parts: readonly string[];
  /** Folder of the built programs, `bench/dist/`. */
  readonly programs: URL;
  readonly onProgress: (message: string) => void;
  /** To be called by whoever has something to stop and remove: from then on an interrupt does not end the process. */
  readonly onInterrupt: () => AbortSignal;
}
