// SPDX-License-Identifier: Apache-2.0

/** How long and from where to fuzz. `npm run fuzz` sets it; see `main.mjs`. */
export interface FuzzSettings {
  /** Inputs for each parser. */
  readonly runs: number;
  readonly seed: number;
  /** fast-check's path to one failing input, to begin there. */
  readonly path: string | undefined;
}

/** Inputs for each parser wherever all tests run. */
const CI_RUNS = 5_000;
/** The same inputs every time: a change must not fail for a reason that lies elsewhere. Long runs choose their own. */
const CI_SEED = 20_260_601;

/** The settings of this process. */
export const FUZZ: FuzzSettings = {
  runs: Number(process.env['PROOFGATE_FUZZ_RUNS'] ?? CI_RUNS),
  seed: Number(process.env['PROOFGATE_FUZZ_SEED'] ?? CI_SEED),
  path: process.env['PROOFGATE_FUZZ_PATH'],
};
