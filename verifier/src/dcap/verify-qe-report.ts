// SPDX-License-Identifier: Apache-2.0
import { concatBytes, type Quote } from '@proofgate/evidence';
import { demandSignature } from '../crypto/ecdsa.ts';
import { sha256 } from '../crypto/sha256.ts';
import { demandBytes } from '../errors.ts';
import type { DcapIssuer } from './dcap-issuer.ts';

type SignatureData = Quote['signature'];

/**
 * Verifies that the PCK signed the quoting enclave's report.
 *
 * @throws VerifierError `ERR_DCAP_QE_SIGNATURE`
 */
export async function verifyQeReport(data: SignatureData, pck: DcapIssuer): Promise<void> {
  const { qeReportSignature, qeReportBytes } = data;
  // Intel DCAP library, step 4.1.2.5.13.
  return demandSignature(
    'ERR_DCAP_QE_SIGNATURE',
    'the QE report',
    pck.what,
    pck.key,
    qeReportSignature,
    qeReportBytes,
  );
}

/**
 * Demands that the quoting enclave's report covers the key that signs the quote.
 *
 * @throws VerifierError `ERR_DCAP_QE_BINDING`
 */
export async function checkAttestationKey(data: SignatureData): Promise<void> {
  // Intel DCAP library, step 4.1.2.5.14. The library ignores the second half; the quoting enclave leaves it zero.
  const hash = await sha256(concatBytes(data.attestationKey, data.qeAuthData));
  const expected = concatBytes(hash, new Uint8Array(32));
  demandBytes(
    'ERR_DCAP_QE_BINDING',
    'the report data of the QE',
    expected,
    data.qeReport.reportData,
  );
}
