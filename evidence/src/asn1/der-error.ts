// SPDX-License-Identifier: Apache-2.0
import { EvidenceError } from '../errors.ts';

/** `ERR_DER_INVALID`: bytes that break a rule of DER or hold another type than the one wanted. */
export function derInvalid(message: string, expected?: string, seen?: string): EvidenceError {
  return new EvidenceError('ERR_DER_INVALID', message, {
    ...(expected === undefined ? {} : { expected }),
    ...(seen === undefined ? {} : { seen }),
  });
}

/** `ERR_DER_LIMIT`: bytes that may be good DER but exceed what we read. */
export function derLimit(message: string, expected: string): EvidenceError {
  return new EvidenceError('ERR_DER_LIMIT', message, { expected });
}

/** `ERR_DER_WRITE`: a value that a writer cannot express. */
export function derWrite(message: string, expected: string, seen: string): EvidenceError {
  return new EvidenceError('ERR_DER_WRITE', message, { expected, seen });
}
