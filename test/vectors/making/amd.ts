// SPDX-License-Identifier: Apache-2.0
import { toBase64 } from '@proofgate/evidence';
import { type AmdWish, simulatedAmd } from '../../../verifier/test/simulated-amd.ts';
import type { VectorInput } from '../vector-format.ts';
import { type MakeParts, memberOf } from './make-parts.ts';

/** A sound report with its chain. */
export function amdInput(wish: AmdWish): VectorInput {
  const { report, endorsements, root } = simulatedAmd(wish);
  return {
    root: root.sha256,
    report: toBase64(report),
    endorsements: { chain: endorsements.chain.map(toBase64) },
  };
}

/** A report and chain that differ from sound ones, below the fixture's root. */
export function amd(wish: AmdWish): MakeParts {
  return ({ fixture }) => {
    const { report, endorsements } = simulatedAmd(wish);
    // Sound: amdInput made it. Its root has the same key and name as every other, and is the one that is pinned.
    const [, , root] = memberOf(fixture, 'endorsements')['chain'] as readonly string[];
    const below = endorsements.chain.slice(0, 2).map(toBase64);
    return { report: toBase64(report), 'endorsements.chain': [...below, root ?? ''] };
  };
}

/** The same with a root of another name. */
export function amdWithRoot(wish: AmdWish): MakeParts {
  return () => {
    const { root, report, endorsements } = amdInput(wish);
    return { root: root ?? null, report: report ?? null, endorsements: endorsements ?? null };
  };
}

/** AMD's revocation list. */
export function amdList(wish: AmdWish): MakeParts {
  return () => {
    const { revocationList } = simulatedAmd(wish).endorsements;
    return { 'endorsements.revocationList': toBase64(revocationList ?? new Uint8Array()) };
  };
}

/** Writes one byte of a report before it is signed. */
export function writing(offset: number, value: number): NonNullable<AmdWish['report']> {
  return (bytes) => {
    bytes[offset] = value;
  };
}
