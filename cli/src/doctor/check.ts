// SPDX-License-Identifier: Apache-2.0
import type { CodedError } from '@proofgate/evidence';

/** What was looked at on this host. */
export type DoctorCheck =
  | { readonly name: string; readonly result: 'healthy' | 'skipped'; readonly text: string }
  | Finding;

/** Something that is not as it should be. A `warning` stops nothing yet; a `finding` does. */
export interface Finding {
  readonly name: string;
  readonly result: 'warning' | 'finding';
  readonly code: string;
  readonly text: string;
  /** What to do about it. */
  readonly action: string;
}

/** Something that is as it should be. */
export function healthy(name: string, text: string): DoctorCheck {
  return { name, result: 'healthy', text };
}

/** Something that there was no reason to look at. */
export function skipped(name: string, text: string): DoctorCheck {
  return { name, result: 'skipped', text };
}

/** A refusal of one of our packages as a finding. */
export function findingOf(name: string, error: CodedError, action: string): Finding {
  const { code, message, seen, hint } = error;
  const text = seen === undefined ? message : `${message}: ${seen}`;
  return { name, result: 'finding', code, text, action: hint ?? action };
}
