// SPDX-License-Identifier: Apache-2.0
import {
  asReportData,
  concatBytes,
  fromBase64,
  type ReportData,
  sha512,
} from '@proofgate/evidence';
import { VerifierError } from '@proofgate/verifier';

/** A nonce of Intel Trust Authority's service, as it answered `GET /appraisal/v2/nonce`; both in base64. */
export interface ItaNonce {
  readonly val: string;
  readonly iat: string;
}

/**
 * The report data of evidence that is made for a nonce of Intel Trust Authority: SHA-512 of nonce, its time and the
 * attester's own data.
 *
 * @param userData such as the key that the TD answers connections with
 * @throws VerifierError `ERR_VERIFIER_ARGUMENT`
 */
export function itaReportData({ val, iat }: ItaNonce, userData: Uint8Array): ReportData {
  try {
    return asReportData(sha512(concatBytes(fromBase64(val), fromBase64(iat), userData)));
  } catch (cause) {
    throw new VerifierError(
      'ERR_VERIFIER_ARGUMENT',
      'the nonce is not base64',
      { cause },
      'misuse',
    );
  }
}
