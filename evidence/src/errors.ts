// SPDX-License-Identifier: Apache-2.0
import { CodedError, type ErrorDetails, type ErrorFamily } from './coded-error.ts';

/**
 * Every code that this package can throw, with who has to act and a sentence for `docs/errors.md`.
 *
 * A size that is over its limit has a code of its own where the reader would act differently
 * (raise a limit, shorten a list) than on bytes that are simply wrong.
 */
export const EVIDENCE_ERRORS = {
  ERR_BYTES_ENCODING: ['rejected', 'text is not valid hex, base64 or UTF-8'],
  ERR_BYTES_LENGTH: ['rejected', 'a value of fixed size has another size'],

  ERR_DER_INVALID: ['rejected', 'bytes are not strict DER'],
  ERR_DER_LIMIT: ['rejected', 'DER is larger or nested deeper than we read'],
  ERR_DER_WRITE: ['misuse', 'a value cannot be written as the DER type that was asked for'],
  ERR_PEM_INVALID: ['rejected', 'text is not PEM, or holds no block of the wanted label'],

  ERR_CERT_INVALID: ['rejected', 'bytes are not an X.509 v3 certificate of the RFC 5280 profile'],
  ERR_CERT_TOO_LARGE: ['rejected', 'certificate is larger than we read'],
  ERR_CERT_SERIAL: ['rejected', 'serial number is negative or too long'],
  ERR_CERT_DUPLICATE_EXTENSION: ['rejected', 'an X.509 extension occurs twice'],
  ERR_CRL_INVALID: ['rejected', 'bytes are not an X.509 v2 certificate revocation list'],
  ERR_CRL_TOO_LARGE: ['rejected', 'certificate revocation list is larger than we read'],
  ERR_ECDSA_SIGNATURE: ['rejected', 'ECDSA signature is malformed'],
  ERR_X509_WRITE: [
    'misuse',
    'a certificate, list or extension cannot be written from these values',
  ],

  ERR_ATTESTATION_MULTIPLE_EVIDENCE: ['rejected', 'a certificate carries more than one quote'],
  ERR_ATTESTATION_MOCK_QUOTE: [
    'rejected',
    'a certificate carries a test marker instead of a quote',
  ],
  ERR_ATTESTATION_VALUE: ['rejected', 'an attestation extension has a value of the wrong form'],
  ERR_REPORT_DATA_INPUT: ['misuse', 'report data cannot be composed from these values'],
  ERR_BATCH_PATH: ['rejected', 'index, size and path of a batch cannot belong together'],
  ERR_WORKLOAD_EVIDENCE: [
    'rejected',
    'evidence was not made for the workload, the data and the event log beside it',
  ],

  ERR_TREE_INVALID: ['misuse', 'a configuration tree cannot be built from these values'],
  ERR_MANIFEST_INVALID: ['rejected', 'audit manifest of a configuration tree is malformed'],
  ERR_MANIFEST_ROOT: ['rejected', 'audit manifest names a root that its leaves do not have'],
  ERR_CONFIGURATION_FACTS: ['misuse', 'facts cannot be written as configuration extensions'],

  ERR_QUOTE_TOO_LARGE: ['rejected', 'quote is larger than we read'],
  ERR_QUOTE_TRUNCATED: ['rejected', 'quote ends before its fields do'],
  ERR_QUOTE_VERSION: ['rejected', 'quote version is unknown'],
  ERR_QUOTE_KEY_TYPE: ['rejected', 'attestation key type is not ECDSA P-256'],
  ERR_QUOTE_TEE_TYPE: ['rejected', 'TEE type is unknown or does not fit the quote version'],
  ERR_QUOTE_BODY: ['rejected', 'body type, body size and TEE type of a quote do not fit together'],
  ERR_QUOTE_RESERVED: ['rejected', 'a reserved field of a quote or report is not zero'],
  ERR_QUOTE_CERTIFICATION_TYPE: ['rejected', 'certification data of a quote has an unknown type'],
  ERR_QUOTE_SIGNATURE_DATA: ['rejected', 'lengths inside the signature data do not add up'],
  ERR_QUOTE_CHAIN: ['rejected', 'certificate chain inside a quote is not PEM text'],
  ERR_QUOTE_WRITE: ['misuse', 'a quote or report cannot be written from these values'],
  ERR_PCK_EXTENSION: ['rejected', 'SGX extension of a PCK certificate is missing or malformed'],

  ERR_SNP_REPORT_SIZE: ['rejected', 'SEV-SNP report does not have its fixed size'],
  ERR_SNP_REPORT_VERSION: ['rejected', 'SEV-SNP report version is unknown'],
  ERR_SNP_REPORT_FIELD: ['rejected', 'a field of a SEV-SNP report has a value that is not defined'],

  ERR_EVENT_LOG_TOO_LARGE: ['rejected', 'event log is larger than we read'],
  ERR_EVENT_LOG_INVALID: ['rejected', 'bytes are not a TCG crypto-agile event log'],
  ERR_CANONICAL_JSON: ['misuse', 'value has no canonical JSON form'],
  ERR_RUNTIME_EVENT: ['rejected', 'runtime event is malformed'],
  ERR_RUNTIME_EVENT_ORDER: ['rejected', 'runtime event log contradicts itself'],

  ERR_COLLATERAL_INVALID: ['rejected', 'collateral bundle is malformed'],
  ERR_DOCUMENT_INVALID: ['rejected', 'attestation document is malformed'],
  ERR_DOCUMENT_TOO_LARGE: ['rejected', 'attestation document is larger than we read'],
} as const;

/** A code of {@link EvidenceError}. */
export type EvidenceErrorCode = keyof typeof EVIDENCE_ERRORS;

/** Codes of one family. */
type CodeOf<Family extends ErrorFamily> = {
  [Code in EvidenceErrorCode]: (typeof EVIDENCE_ERRORS)[Code][0] extends Family ? Code : never;
}[EvidenceErrorCode];

/** A code that says that something was refused. */
export type RejectionCode = CodeOf<'rejected'>;

/** Evidence that cannot be read, or values that cannot be written as evidence. */
export class EvidenceError extends CodedError<EvidenceErrorCode> {
  // In full: a bundler renames the class.
  override readonly name = 'EvidenceError';

  // Whoever throws names the family, unless it is `rejected`, and the compiler compares it with the
  // table: its sentences are for documentation, and a bundle for browsers should not carry them.
  constructor(code: RejectionCode, message: string, details?: ErrorDetails);
  constructor(code: CodeOf<'misuse'>, message: string, details: ErrorDetails, family: 'misuse');
  constructor(
    code: EvidenceErrorCode,
    message: string,
    details?: ErrorDetails,
    family: ErrorFamily = 'rejected',
  ) {
    super(code, family, message, details);
  }
}

/**
 * Does work whose errors are to be those of something larger.
 *
 * @param code of errors of the larger thing
 * @param what it is, for messages
 * @param kept beginning of codes that are precise enough already
 */
export function within<Result>(
  code: RejectionCode,
  what: string,
  work: () => Result,
  kept: string = code,
): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof EvidenceError) || error.code.startsWith(kept)) throw error;
    const { message, expected, seen } = error;
    throw new EvidenceError(code, `${what}: ${message}`, { expected, seen, cause: error });
  }
}
