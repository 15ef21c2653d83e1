// SPDX-License-Identifier: Apache-2.0
import { concatBytes, lengthPrefixed } from '../bytes/bytes.ts';
import { asReportData, type ReportData } from '../bytes/fixed-bytes.ts';
import { utf8 } from '../bytes/utf8.ts';
import { EvidenceError } from '../errors.ts';
import { sha256, sha512 } from '../hashes.ts';

/*
 * A machine that asks a CA for its intermediary proves that the key of the request was made inside
 * the TEE, for this CA's nonce and for nothing else:
 *
 *   report_data = SHA-512( "proofgate/ca-enrolment/v1" || LP(purpose) || LP(host) ||
 *                          LP(SHA-256(SPKI)) || LP(nonce) )
 *
 * LP(x) is the length of x as four bytes, big endian, then x.
 */

/** Names the purpose and the formula. */
const LABEL = utf8('proofgate/ca-enrolment/v1');

/** Length of the nonce that a CA gives. */
export const ENROLMENT_NONCE_BYTES = 32;

/** The first certificate of a key that the CA has not seen, or a new one before the old one ends. */
export type EnrolmentPurpose = 'enrol' | 'renew';

/** What evidence for an enrolment is bound to. */
export interface EnrolmentBinding {
  readonly purpose: EnrolmentPurpose;
  /** Domain that the intermediary is asked for, lower case. */
  readonly host: string;
  /** DER SubjectPublicKeyInfo of the request. */
  readonly spki: Uint8Array;
  /** {@link ENROLMENT_NONCE_BYTES} bytes, used once. */
  readonly nonce: Uint8Array;
}

/**
 * Report data of evidence for an enrolment.
 *
 * @throws EvidenceError `ERR_REPORT_DATA_INPUT`
 * @example
 * ```ts
 * const reportData = enrolmentReportData({ purpose: 'enrol', host: 'prod1.example.com', spki, nonce });
 * ```
 */
export function enrolmentReportData({ purpose, host, spki, nonce }: EnrolmentBinding): ReportData {
  if (nonce.length !== ENROLMENT_NONCE_BYTES) {
    throw new EvidenceError(
      'ERR_REPORT_DATA_INPUT',
      'nonce has a wrong length',
      {
        expected: `${ENROLMENT_NONCE_BYTES} bytes`,
        seen: `${nonce.length} bytes`,
      },
      'misuse',
    );
  }
  const parts = [utf8(purpose), utf8(host), sha256(spki), nonce];
  return asReportData(sha512(concatBytes(LABEL, ...parts.map(lengthPrefixed))));
}
