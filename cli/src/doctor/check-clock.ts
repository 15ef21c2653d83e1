// SPDX-License-Identifier: Apache-2.0
import { INTEL_SGX_ROOT_CA } from '@proofgate/verifier';
import { parseCertificate } from '@proofgate/evidence';

import { healthy, type DoctorCheck } from './check.ts';

/** No clock that is right can be before the first version of this command. */
const FIRST_VERSION = new Date('2026-11-01T00:00:00Z');
/** Collateral and leaves are made minutes before they are used: more than this shows up as "not valid yet". */
const MAX_SKEW_MS = 5 * 60 * 1000;
const ACTION = 'set the clock and keep it set with a time service such as chrony';

/**
 * Looks at the clock, on which every validity depends.
 *
 * @param reference what a service on the network says, when one was asked
 */
export function checkClock(now: Date, reference: Date | undefined): DoctorCheck {
  const last = parseCertificate(INTEL_SGX_ROOT_CA).notAfter;
  if (now < FIRST_VERSION || now > last) {
    return wrong('DOCTOR_CLOCK_IMPLAUSIBLE', `the clock says ${now.toISOString()}`);
  }
  if (reference === undefined) return healthy('clock', `${now.toISOString()}, plausible`);
  const skew = now.getTime() - reference.getTime();
  const text = `${String(Math.round(Math.abs(skew) / 1000))} s ${skew < 0 ? 'behind' : 'ahead of'} the collateral service`;
  return Math.abs(skew) > MAX_SKEW_MS
    ? wrong('DOCTOR_CLOCK_SKEW', `the clock is ${text}`)
    : healthy('clock', `${now.toISOString()}, ${text}`);
}

function wrong(code: string, text: string): DoctorCheck {
  return { name: 'clock', result: 'finding', code, text, action: ACTION };
}
