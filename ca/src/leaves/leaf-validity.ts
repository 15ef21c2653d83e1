// SPDX-License-Identifier: Apache-2.0
import type { Authority } from '../issuer/authority.ts';
import { CaError } from '../errors.ts';
import type { LeafProfile } from './leaf-profile.ts';
import { startOfMinute, type LeafRequest } from './leaf-request.ts';

/** When a leaf is valid. */
export interface LeafValidity {
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** The CA expires before the asked lifetime ends, so the leaf ends with it. */
  readonly shortened: boolean;
}

const SECOND_MS = 1000;

/**
 * Decides when a leaf is valid: as long as asked, within the profile's bounds, never longer than its CA.
 *
 * @throws CaError `ERR_CA_VALIDITY` for a request outside the bounds, `ERR_CA_NOT_YET_VALID` when it starts before the
 *   CA, `ERR_CA_ISSUER_EXPIRES_SOON` when the CA leaves less than the shortest lifetime
 */
export function leafValidity(
  request: LeafRequest,
  profile: LeafProfile,
  authority: Authority,
): LeafValidity {
  const { notBefore, lifetimeMs = profile.maxLifetimeMs } = request;
  checkRequest(notBefore, lifetimeMs, profile);
  // A CA made within this minute starts some seconds after the leaf: compare minutes.
  if (notBefore < startOfMinute(authority.certificate.notBefore)) {
    throw new CaError('ERR_CA_NOT_YET_VALID', 'the leaf would start before its CA', {
      expected: `notBefore from ${authority.certificate.notBefore.toISOString()}`,
      seen: notBefore.toISOString(),
      hint: 'check the clock',
    });
  }
  const asked = notBefore.getTime() + lifetimeMs;
  const end = Math.min(asked, authority.notAfter.getTime());
  if (end - notBefore.getTime() < profile.minLifetimeMs) {
    throw new CaError('ERR_CA_ISSUER_EXPIRES_SOON', 'the CA expires too soon to issue from it', {
      expected: `at least ${String(profile.minLifetimeMs / SECOND_MS)} s after ${notBefore.toISOString()}`,
      seen: `the CA chain ends at ${authority.notAfter.toISOString()}`,
      hint: 'rotate the intermediary with `proofgate ca rotate`',
    });
  }
  return { notBefore, notAfter: new Date(end), shortened: end < asked };
}

function checkRequest(notBefore: Date, lifetimeMs: number, profile: LeafProfile): void {
  // RA-TLS v1: the quote covers notBefore in minutes, so seconds would be a part that nothing proves.
  if (notBefore.getTime() !== startOfMinute(notBefore).getTime()) {
    throw new CaError('ERR_CA_VALIDITY', 'notBefore of a leaf must be a whole minute', {
      expected: 'a valid date with seconds 00',
      seen: String(notBefore.getTime()),
      hint: 'use startOfMinute',
    });
  }
  const { minLifetimeMs, maxLifetimeMs } = profile;
  const inBounds = lifetimeMs >= minLifetimeMs && lifetimeMs <= maxLifetimeMs;
  if (!inBounds || lifetimeMs % SECOND_MS !== 0) {
    throw new CaError('ERR_CA_VALIDITY', 'the lifetime of a leaf is out of bounds', {
      expected: `whole seconds from ${String(minLifetimeMs)} to ${String(maxLifetimeMs)} ms`,
      seen: `${String(lifetimeMs)} ms`,
    });
  }
}
