// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, type SuiteFactory } from 'vitest';

const DATA = fileURLToPath(new URL('../../../../shared/data/quotes/', import.meta.url));

/** A quote of a production TD, a bundle for it and a moment at which the bundle was valid. */
export const PRODUCTION_TD = {
  quote: realEvidence('tdx/v4-phala-b0c06f.bin'),
  bundle: realEvidence('collateral/tdx-b0c06f000000-202506.json'),
  at: '1751624191',
} as const;

/** A quote of a TD under debug, likewise. */
export const DEBUG_TD = {
  quote: realEvidence('tdx/v4-debug-td-50806f.bin'),
  bundle: realEvidence('collateral/tdx-50806f000000-202306.json'),
  at: '1687939438',
} as const;

/** The path of a file of the collection of real evidence. */
export function realEvidence(file: string): string {
  return `${DATA}${file}`;
}

/** A file of the collection. */
export function readRealEvidence(file: string): Buffer {
  return readFileSync(realEvidence(file));
}

/** A group of tests that need the collection; the title of a skipped group says why. */
export function describeWithRealEvidence(title: string, tests: SuiteFactory): void {
  const found = existsSync(DATA);
  if (!found && process.env['CI'] !== undefined) throw new Error(`CI needs ${DATA}`);
  const name = found ? title : `${title} (skipped: no ${DATA})`;
  describe.skipIf(!found)(name, tests);
}
