// SPDX-License-Identifier: Apache-2.0
import type { EvidenceClaims } from '../claims.ts';
import {
  type NearestMeasurementSet,
  passed,
  type PolicyCheck,
  refused,
  skipped,
} from './decision.ts';
import type { MeasurementSet, Policy } from './policy.ts';
import { REGISTER_NAMES } from './register.ts';

/** The outcome of comparing measurements. */
export interface MeasurementJudgement {
  readonly checks: readonly PolicyCheck[];
  readonly matched: string | undefined;
  readonly nearest: NearestMeasurementSet | undefined;
}

const NAME = 'measurements';

/** Looks for a measurement set that the evidence matches in every register that the set lists. */
export function judgeMeasurements(
  { measurements, tee }: EvidenceClaims,
  policy: Policy,
): MeasurementJudgement {
  const sets = policy.measurements;
  if (sets === undefined) {
    const check = skipped(NAME, `${tee} measurements are not compared`);
    return { checks: [check], matched: undefined, nearest: undefined };
  }
  const expected = sets.map((set) => set.name).join(' or ');
  const compared: readonly ComparedSet[] = sets.map((set) => ({
    set,
    differing: differences(set, measurements),
  }));
  const match = compared.find(({ differing }) => differing.length === 0);
  if (match !== undefined) {
    const open = REGISTER_NAMES.filter(
      (register) => measurements.has(register) && !match.set.values.has(register),
    );
    const checks = [passed(NAME, expected, match.set.name)];
    if (open.length > 0) checks.push(skipped('measurements.unlisted', open.join(', ')));
    return { checks, matched: match.set.name, nearest: undefined };
  }
  // Fewest differences first, then most agreement; of equals the first, so that the explanation does not jump about.
  const [best] = [...compared].sort((a, b) => nearness(a, b));
  const nearest = best && { set: best.set.name, differing: best.differing };
  const seen = `nearest is ${nearest?.set ?? 'none'}, differing in ${
    nearest?.differing.map(({ register }) => register).join(', ') ?? 'everything'
  }`;
  return {
    checks: [refused(NAME, 'ERR_POLICY_MEASUREMENT', expected, seen)],
    matched: undefined,
    nearest,
  };
}

interface ComparedSet {
  readonly set: MeasurementSet;
  readonly differing: NearestMeasurementSet['differing'];
}

function nearness(a: ComparedSet, b: ComparedSet): number {
  const differing = a.differing.length - b.differing.length;
  return differing === 0 ? b.set.values.size - a.set.values.size : differing;
}

function differences(
  set: MeasurementSet,
  measurements: EvidenceClaims['measurements'],
): NearestMeasurementSet['differing'] {
  return [...set.values].flatMap(([register, expected]) => {
    const seen = measurements.get(register);
    return seen === expected
      ? []
      : [{ register, expected, seen: seen ?? 'not part of this evidence' }];
  });
}
