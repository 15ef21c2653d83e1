// SPDX-License-Identifier: Apache-2.0
import { sha256, sha384, utf8, type Sha384 } from '@proofgate/evidence';

/*
 * Where a real platform has a measurement or an identifier, the simulated one has the hash of a sentence that says
 * so: the same on every run, and impossible to mistake for a value of Intel's.
 */

/**
 * A simulated measurement.
 *
 * @param what - what would have been measured
 * @returns 48 bytes
 */
export function simulatedMeasurement(what: string): Sha384 {
  return sha384(utf8(`simulated platform: ${what}`));
}

/**
 * A simulated identifier.
 *
 * @param what - what it identifies
 * @param length - at most 32 bytes
 * @returns the bytes
 */
export function simulatedIdentifier(what: string, length: number): Uint8Array {
  return sha256(utf8(`simulated platform: ${what}`)).slice(0, length);
}
