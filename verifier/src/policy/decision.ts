// SPDX-License-Identifier: Apache-2.0
import type { RejectionCode } from '../errors.ts';
import { REFUSAL_HINTS } from '../refusal-hints.ts';
import type { Register } from './register.ts';

/**
 * How a check ended. `skipped` was not asked for; `warning` would have been refused by any policy that does not allow
 * it by name, and is reported when there is no policy.
 */
export type CheckResult = 'passed' | 'refused' | 'skipped' | 'warning';

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly result: CheckResult;
  readonly expected?: string;
  readonly seen?: string;
  readonly hint?: string;
}

/** A check of a policy that ends the matter. */
export interface PolicyRefusal extends Check {
  readonly result: 'refused';
  readonly code: RejectionCode;
}

/** A check of a policy; one that refuses has a code. */
export type PolicyCheck =
  PolicyRefusal | (Check & { readonly result: Exclude<CheckResult, 'refused'> });

/** The measurement set that comes closest, when none matches. */
export interface NearestMeasurementSet {
  readonly set: string;
  /** Registers of the set that differ from the evidence. */
  readonly differing: readonly {
    readonly register: Register;
    readonly expected: string;
    readonly seen: string;
  }[];
}

/** A policy's judgement of evidence. */
export interface Decision {
  readonly policy: string;
  readonly accepted: boolean;
  /** The first check that refuses; undefined exactly when the policy accepts. */
  readonly refusal: PolicyRefusal | undefined;
  readonly checks: readonly PolicyCheck[];
  /** The set that matched. */
  readonly measurementSet: string | undefined;
  readonly nearest: NearestMeasurementSet | undefined;
}

/** A check that passed. */
export function passed(name: string, expected: string, seen: string): PolicyCheck {
  return { name, result: 'passed', expected, seen };
}

/** A check that the policy does not ask for. */
export function skipped(name: string, seen: string): PolicyCheck {
  return { name, result: 'skipped', expected: 'not limited by the policy', seen };
}

/** A check that ends the matter. */
export function refused(
  name: string,
  code: RejectionCode,
  expected: string,
  seen: string,
  hint: string = REFUSAL_HINTS[code],
): PolicyRefusal {
  return { name, result: 'refused', code, expected, seen, hint };
}

/** A check that passes or refuses. */
export function judged(
  name: string,
  code: RejectionCode,
  good: boolean,
  expected: string,
  seen: string,
): PolicyCheck {
  return good ? passed(name, expected, seen) : refused(name, code, expected, seen);
}
