// SPDX-License-Identifier: Apache-2.0
import { CodedError, type ErrorDetails } from './coded-error.ts';

/** Every code that this package can throw. */
export const EVIDENCE_ERRORS = {
  ERR_BYTES_ENCODING: ['rejected', 'text is not valid hex, base64 or UTF-8'],
  ERR_DER_INVALID: ['rejected', 'bytes are not strict DER'],
} as const;

/** A code of {@link EvidenceError}. */
export type EvidenceErrorCode = keyof typeof EVIDENCE_ERRORS;

/** Evidence that cannot be read. */
export class EvidenceError extends CodedError<EvidenceErrorCode> {
  constructor(code: EvidenceErrorCode, message: string, details?: ErrorDetails) {
    super(code, EVIDENCE_ERRORS[code][0], message, details);
  }
}
