// SPDX-License-Identifier: Apache-2.0
import { AttesterError } from './errors.ts';

/** Bytes of a SHA-384 digest, which is what a TDX run-time measurement register holds and takes. */
export const MEASUREMENT_BYTES = 48;

/** A run-time measurement register: it can be extended but never set or reset while the VM runs. */
export interface MeasurementRegister {
  /** The current value, 48 bytes. */
  read(): Promise<Uint8Array>;
  /**
   * Makes the register SHA-384(value ‖ digest).
   *
   * @param digest - 48 bytes
   * @throws AttesterError `ERR_ATTESTER_DIGEST_LENGTH`, `ERR_ATTESTER_RTMR_UNAVAILABLE`,
   * `ERR_ATTESTER_RTMR_MISMATCH`
   */
  extend(digest: Uint8Array): Promise<void>;
}

/**
 * Refuses anything but a SHA-384 digest: a register that took something else cannot be corrected before a reboot.
 *
 * @param digest - what shall be extended
 * @throws AttesterError `ERR_ATTESTER_DIGEST_LENGTH`
 */
export function requireDigest(digest: Uint8Array): void {
  if (digest.length === MEASUREMENT_BYTES) return;
  throw new AttesterError(
    'ERR_ATTESTER_DIGEST_LENGTH',
    `digest has ${digest.length} bytes, not ${MEASUREMENT_BYTES}`,
    { expected: String(MEASUREMENT_BYTES), seen: String(digest.length) },
  );
}
