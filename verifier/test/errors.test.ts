// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { EVIDENCE_ERRORS } from '@proofgate/evidence';
import { VERIFIER_ERRORS } from '@proofgate/verifier';
import { expect, it } from 'vitest';

const SOURCE = new URL('../src/', import.meta.url);

it('lists exactly the codes that are thrown', () => {
  const used = new Set(
    readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && name !== 'errors.ts')
      .flatMap((name) => readFileSync(new URL(name, SOURCE), 'utf8').match(/'ERR_[A-Z0-9_]+'/g))
      .map((quoted) => quoted?.slice(1, -1) ?? ''),
  );
  const own = [...used].filter((code) => code !== '' && !(code in EVIDENCE_ERRORS));
  expect(own.sort()).toEqual(Object.keys(VERIFIER_ERRORS).sort());
});

it('shares no code with the evidence package', () => {
  const shared = Object.keys(VERIFIER_ERRORS).filter((code) => code in EVIDENCE_ERRORS);
  expect(shared).toEqual([]);
});
