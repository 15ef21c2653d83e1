// SPDX-License-Identifier: Apache-2.0
import { type Certificate, decodePem, equalBytes, parseCertificate } from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import type { SnpEndorsements } from './verify-endorsements.ts';

/**
 * Puts certificates of AMD's into the order of a chain. They may come from several files and in any order; nothing is
 * verified here.
 *
 * @param pem VCEK or VLEK, its intermediate and AMD's root
 * @throws VerifierError `ERR_SNP_ENDORSEMENTS_MISSING`; EvidenceError for unreadable certificates
 */
export function endorsementsFromPem(pem: string): SnpEndorsements {
  const certificates = decodePem(pem, 'CERTIFICATE').map((der) => parseCertificate(der));
  const leaf = certificates.find((one) => /^SEV-V[CL]EK$/.test(one.subject.commonName ?? ''));
  const intermediate = leaf && issuerOf(leaf, certificates);
  const root = intermediate && issuerOf(intermediate, certificates);
  if (leaf === undefined || intermediate === undefined || root === undefined) {
    throw new VerifierError('ERR_SNP_ENDORSEMENTS_MISSING', 'AMD’s chain is incomplete', {
      expected: 'VCEK or VLEK, its intermediate (ASK or ASVK), AMD’s root (ARK)',
      seen: certificates.map((one) => one.subject.commonName ?? 'no name').join(', '),
    });
  }
  return { chain: [leaf.raw, intermediate.raw, root.raw] };
}

function issuerOf(
  certificate: Certificate,
  candidates: readonly Certificate[],
): Certificate | undefined {
  return candidates.find((candidate) => equalBytes(candidate.subject.raw, certificate.issuer.raw));
}
