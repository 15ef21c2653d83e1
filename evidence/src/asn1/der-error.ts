// SPDX-License-Identifier: Apache-2.0
import { EvidenceError } from '../errors.ts';

/** `ERR_DER_INVALID`: bytes that break a rule of DER or hold another type than the one wanted. */
export function derInvalid(what: string, expected?: string, seen?: string): EvidenceError {
  return new EvidenceError('ERR_DER_INVALID', `${what} is not valid`, { expected, seen });
}

/** `ERR_DER_LIMIT`: bytes that may be good DER but exceed what we read. */
export function derLimit(what: string, most: number, seen: number): EvidenceError {
  return new EvidenceError('ERR_DER_LIMIT', `${what} is not valid`, {
    expected: `at most ${most}`,
    seen: `${seen}`,
  });
}

/** `ERR_DER_WRITE`: a value that a writer cannot express. */
export function derWrite(message: string, expected: string, seen: string): EvidenceError {
  return new EvidenceError('ERR_DER_WRITE', message, { expected, seen }, 'misuse');
}
