// SPDX-License-Identifier: Apache-2.0
import { CaError } from '../errors.ts';

/** When a CA certificate is valid. */
export interface CaValidity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const SECOND_MS = 1000;
const DAY_MS = 24 * 60 * 60 * SECOND_MS;

/** A new CA is used at once, also by machines whose clocks are a little behind. */
const BACKDATING_MS = 5 * 60 * SECOND_MS;

/**
 * When a new CA certificate is valid: from a little before now, for whole days.
 *
 * @param at - the current time
 * @param days - how many days from now
 * @param maxDays - what the profile allows
 * @throws CaError `ERR_CA_VALIDITY`
 */
export function caValidity(at: Date, days: number, maxDays: number): CaValidity {
  if (!Number.isInteger(days) || days < 1 || days > maxDays) {
    throw new CaError('ERR_CA_VALIDITY', 'the validity of a CA certificate is out of bounds', {
      expected: `whole days from 1 to ${String(maxDays)}`,
      seen: String(days),
    });
  }
  // Certificates have whole seconds.
  const now = Math.floor(at.getTime() / SECOND_MS) * SECOND_MS;
  return { notBefore: new Date(now - BACKDATING_MS), notAfter: new Date(now + days * DAY_MS) };
}
