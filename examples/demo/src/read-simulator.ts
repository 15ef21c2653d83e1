// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Stage } from './stage.ts';

/** How the simulated platform is reached and named. */
export interface SimulatorAddress {
  /** Base URL of its collateral service. */
  readonly collateral: string;
  /** SHA-256 of its root, hex. */
  readonly rootSha256: string;
}

/** Reads what the simulated platform wrote about itself when it started. */
export async function readSimulator({ runDirectory }: Stage): Promise<SimulatorAddress> {
  const text = await readFile(join(runDirectory, 'simulator.json'), 'utf8');
  // Sound: our own program of the same version wrote it.
  return JSON.parse(text) as SimulatorAddress;
}
