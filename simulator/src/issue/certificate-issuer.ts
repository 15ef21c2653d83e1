// SPDX-License-Identifier: Apache-2.0
import {
  assembleSigned,
  authorityKeyIdExtension,
  basicConstraintsExtension,
  copyBytes,
  crlDistributionPointsExtension,
  encodeName,
  encodePem,
  encodePckExtension,
  encodeTbsCertificate,
  keyUsageExtension,
  subjectKeyIdExtension,
} from '@proofgate/evidence';
import type { CertificateDescription } from '../description/platform-description.ts';
import { signDer } from '../signing-key.ts';

/** The organisation in every simulated certificate: whoever looks at one must see what it is. */
export const SIMULATED_ORGANIZATION = 'SIMULATED PLATFORM - NOT INTEL';

/**
 * Issues the certificates of one platform, each description once, so that all that refers to a certificate shows
 * the same bytes.
 */
export class CertificateIssuer {
  readonly #issued = new Map<CertificateDescription, Uint8Array>();

  /**
   * Issues a certificate, or returns what was issued for the same description before.
   *
   * @param description - what it shall say
   * @returns DER
   */
  certificate(description: CertificateDescription): Uint8Array {
    const known = this.#issued.get(description);
    if (known !== undefined) return known;
    const issued = description.encoded ?? issue(description);
    this.#issued.set(description, issued);
    return issued;
  }

  /**
   * Writes a chain as it is embedded in quotes and served with collateral.
   *
   * @param chain - descriptions, leaf first
   * @returns PEM, one certificate after the other
   */
  chainPem(chain: readonly CertificateDescription[]): string {
    return chain.map((each) => encodePem('CERTIFICATE', this.certificate(each))).join('');
  }
}

/**
 * The name that a certificate and its revocation lists carry.
 *
 * @param commonName - the part that tells certificates apart
 * @returns DER of the Name
 */
export function simulatedName(commonName: string): Uint8Array {
  return encodeName({ commonName, organization: SIMULATED_ORGANIZATION });
}

/**
 * The serial number of a certificate: its key identifier, as Intel does it, with the first two bits set to 01 so
 * that the number is positive and 20 octets long (RFC 5280, section 4.1.2.2).
 *
 * @param description - the certificate
 * @returns 20 bytes, big-endian
 */
export function serialNumber(description: CertificateDescription): Uint8Array {
  const serial = copyBytes(description.key.keyId);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

function issue(description: CertificateDescription): Uint8Array {
  const issuer = description.issuer ?? description;
  const { key, pck } = description;
  const tbs = encodeTbsCertificate({
    serialNumber: serialNumber(description),
    signatureAlgorithm: 'ecdsa-sha256',
    issuer: simulatedName(description.issuerCommonName ?? issuer.commonName),
    subject: simulatedName(description.commonName),
    notBefore: description.notBefore,
    notAfter: description.notAfter,
    spki: key.spki,
    extensions: [
      authorityKeyIdExtension(issuer.key.keyId),
      crlDistributionPointsExtension([description.crlUrl]),
      subjectKeyIdExtension(key.keyId),
      keyUsageExtension(description.keyUsage),
      basicConstraintsExtension(description.basicConstraints),
      ...(pck === undefined ? [] : [encodePckExtension(pck)]),
    ],
  });
  return assembleSigned(tbs, 'ecdsa-sha256', signDer(issuer.key, tbs));
}
