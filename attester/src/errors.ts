// SPDX-License-Identifier: Apache-2.0
import { CodedError, type ErrorDetails } from '@proofgate/evidence';

/** Every code that this package can throw. */
export const ATTESTER_ERRORS = {
  ERR_ATTESTER_NO_TEE: [
    'misuse',
    'this machine offers no TEE that can attest, or its kernel does not offer configfs-tsm',
  ],
  ERR_ATTESTER_WRONG_PROVIDER: [
    'misuse',
    'the kernel attests with another kind of TEE than the configured one',
  ],
  ERR_ATTESTER_PERMISSION: ['misuse', 'the process may not use the kernel attestation interface'],
  ERR_ATTESTER_BUSY: [
    'unavailable',
    'the kernel was still occupied with another report after every retry',
  ],
  ERR_ATTESTER_GENERATION: [
    'unavailable',
    'the generation counter of the report shows that the input was not taken, or that somebody else wrote to it',
  ],
  ERR_ATTESTER_QUOTE_FAILED: ['unavailable', 'the host or the kernel failed to make a report'],
  ERR_ATTESTER_QUOTE_TIMEOUT: ['unavailable', 'the host did not answer the kernel in time'],
  ERR_ATTESTER_QUOTE_EMPTY: ['unavailable', 'the kernel returned an empty report'],
  ERR_ATTESTER_INPUT_REFUSED: ['misuse', 'the kernel refused the report data'],
  ERR_ATTESTER_QUOTE_INVALID: ['rejected', 'what came back is not a report of the expected kind'],
  ERR_ATTESTER_REPORT_DATA_MISMATCH: [
    'rejected',
    'the report covers other report data than the requested ones',
  ],
  ERR_ATTESTER_ATTRIBUTE_TOO_LARGE: ['rejected', 'a kernel file holds more bytes than its limit'],
  ERR_ATTESTER_SHORT_WRITE: [
    'unavailable',
    'the kernel took only a part of a value that must be written at once',
  ],
  ERR_ATTESTER_QUEUE_FULL: ['unavailable', 'too many callers already wait for the platform'],
  ERR_ATTESTER_DEADLINE: ['unavailable', 'the platform did not answer before the deadline'],
  ERR_ATTESTER_ABORTED: ['unavailable', 'the caller gave up before the platform answered'],
  ERR_ATTESTER_DIGEST_LENGTH: ['misuse', 'a measurement digest must have exactly 48 bytes'],
  ERR_ATTESTER_RTMR_UNAVAILABLE: [
    'unavailable',
    'the run-time measurement register cannot be read or extended',
  ],
  ERR_ATTESTER_RTMR_MISMATCH: [
    'rejected',
    'after an extension the register does not hold the value that the extension must give',
  ],
  ERR_ATTESTER_EVENT_LOG: ['unavailable', 'the firmware event log cannot be read'],
  ERR_ATTESTER_SIMULATOR_UNREACHABLE: [
    'unavailable',
    'nothing answers on the socket of the simulated platform',
  ],
  ERR_ATTESTER_SIMULATOR_REFUSED: ['rejected', 'the simulated platform refused the request'],
  ERR_ATTESTER_SIMULATOR_ANSWER: [
    'rejected',
    'the answer of the simulated platform is not what its protocol says',
  ],
} as const;

/** A code of {@link AttesterError}. */
export type AttesterErrorCode = keyof typeof ATTESTER_ERRORS;

/** Evidence could not be produced. */
export class AttesterError extends CodedError<AttesterErrorCode> {
  constructor(code: AttesterErrorCode, message: string, details?: ErrorDetails) {
    super(code, ATTESTER_ERRORS[code][0], message, details);
  }
}

/**
 * The name of the system error underneath, such as `EBUSY`.
 *
 * @param error - anything that was thrown
 * @returns the errno name, or `undefined` when `error` is not a system error
 */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
}
