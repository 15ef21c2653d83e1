// SPDX-License-Identifier: Apache-2.0
export { CodedError, type ErrorDetails, type ErrorFamily, type ErrorTable } from './coded-error.ts';
export { EVIDENCE_ERRORS, EvidenceError, type EvidenceErrorCode } from './errors.ts';
