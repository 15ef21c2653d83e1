// SPDX-License-Identifier: Apache-2.0

/** How long to soak. `npm run soak` sets it; see `main.mjs`. */
interface SoakSettings {
  readonly seconds: number;
  /** Between two rotations of all identities. */
  readonly rotateSeconds: number;
  /** Between two deaths of a worker. */
  readonly killSeconds: number;
  /** What the memory of a worker may grow by between the second quarter and the last one. */
  readonly memoryGrowth: number;
}

/** With `npm test`: long enough for every event to come a few times. `.ci/run` takes five minutes. */
const TEST_SECONDS = 40;
/** From here on a heap has found its size. Before that V8 is still compiling, and memory tells only of gross leaks. */
const SETTLED_SECONDS = 240;

const seconds = Number(process.env['PROOFGATE_SOAK_SECONDS'] ?? TEST_SECONDS);
const isLong = seconds >= SETTLED_SECONDS;

/** The settings of this process. */
export const SOAK: SoakSettings = {
  seconds,
  rotateSeconds: isLong ? 60 : 10,
  killSeconds: isLong ? 45 : 12,
  memoryGrowth: isLong ? 0.1 : 0.5,
};
