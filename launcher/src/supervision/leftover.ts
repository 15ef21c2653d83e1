// SPDX-License-Identifier: Apache-2.0
import type { RuntimeEvent } from '@proofgate/evidence';
import type { RunningInstance } from './runtime.ts';

/** What an earlier launcher had put another version in the place of, and did not live to end. */
export interface Leftover {
  readonly instance: RunningInstance;
  /** What the event log says of it for as long as it runs. */
  readonly events: readonly RuntimeEvent[];
  /** Forgets it once it has been ended. */
  readonly forget: () => Promise<void>;
}
