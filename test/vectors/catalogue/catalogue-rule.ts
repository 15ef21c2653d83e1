// SPDX-License-Identifier: Apache-2.0
import type { EvidenceErrorCode } from '@proofgate/evidence';
import type { VerifierErrorCode } from '@proofgate/verifier';
import type { MakeParts } from '../making/make-parts.ts';
import type { VectorClaims } from '../vector-format.ts';
import type { FixtureName } from './fixtures.ts';

/** A rule, and how to make the two inputs that show it. */
export interface CatalogueRule {
  readonly id: string;
  readonly rule: string;
  readonly fixture: FixtureName;
  /** Differences from the fixture that both sides share. */
  readonly with?: MakeParts;
  /** Absent: the fixture itself is accepted. */
  readonly accepted?: MakeParts;
  readonly claims?: VectorClaims;
  readonly refused: MakeParts;
  readonly code: VerifierErrorCode | EvidenceErrorCode;
}

/** Rules that belong together: one file of vectors. */
export interface CatalogueArea {
  readonly area: string;
  readonly rules: readonly CatalogueRule[];
}
