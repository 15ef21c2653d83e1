// SPDX-License-Identifier: Apache-2.0
import { MAX_NAME_PART } from '@proofgate/evidence';
import { CaError } from '../errors.ts';
import type { CaCertificateRequest, CaSigner } from './ca-request.ts';
import { revalidateCa } from './revalidate-ca.ts';
import { writeCaCertificate, writeName } from './write-ca-certificate.ts';

/**
 * The subject of a CA: a common name alone.
 *
 * @param commonName - 1 to 64 characters
 * @returns the name as DER
 * @throws CaError `ERR_CA_NAME_INVALID`
 */
export function caName(commonName: string): Uint8Array {
  if (commonName.trim() === '' || commonName.length > MAX_NAME_PART) {
    throw new CaError('ERR_CA_NAME_INVALID', 'the common name of a CA is missing or too long', {
      expected: `1 to ${String(MAX_NAME_PART)} characters`,
      seen: commonName,
    });
  }
  return writeName(commonName);
}

/**
 * Writes and signs a CA certificate, then reads it back.
 *
 * @param request - what it says
 * @param signer - who signs
 * @returns the certificate as DER
 * @throws CaError `ERR_CA_NAME_INVALID`, `ERR_CA_REVALIDATION`
 */
export async function issueCaCertificate(
  request: CaCertificateRequest,
  signer: CaSigner,
): Promise<Uint8Array> {
  const subject = caName(request.commonName);
  const der = await writeCaCertificate(subject, request, signer);
  revalidateCa(der, request, signer);
  return der;
}
