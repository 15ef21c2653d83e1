// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, type SuiteFactory } from 'vitest';

const DATA = fileURLToPath(new URL('../../../../shared/data/quotes/', import.meta.url));

/** The path of a file of the collection of real evidence. */
export function realEvidence(file: string): string {
  return `${DATA}${file}`;
}

/** A file of the collection. */
export function readRealEvidence(file: string): Buffer {
  return readFileSync(realEvidence(file));
}

/** A group of tests that need the collection; see the title of a skipped group for the reason. */
export function describeWithRealEvidence(title: string, tests: SuiteFactory): void {
  const found = existsSync(DATA);
  if (!found && process.env['CI'] !== undefined) throw new Error(`CI needs ${DATA}`);
  const name = found ? title : `${title} (skipped: no ${DATA})`;
  describe.skipIf(!found)(name, tests);
}
