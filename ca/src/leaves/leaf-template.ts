// SPDX-License-Identifier: Apache-2.0
import {
  authorityKeyIdExtension,
  basicConstraintsExtension,
  derSequence,
  encodeName,
  extKeyUsageExtension,
  keyUsageExtension,
  subjectAltNameExtension,
} from '@proofgate/evidence';
import type { Authority } from '../issuer/authority.ts';
import { createSerialNumber } from '../certificates/serial-number.ts';
import type { UnsignedCertificate } from './sign-certificate.ts';
import { commonNameOf } from '../names/certificate-names.ts';
import type { AuthorizedLeaf } from './authorize-leaf.ts';

/**
 * Lays out an authorised leaf as RA-TLS v1 has it: a subject of a common name alone, standard extensions, then the
 * attestation extensions, non-critical and raw. A leaf has no subject key identifier: nothing is issued below it.
 *
 * @param leaf - what was authorised
 * @param authority - who signs
 */
export function leafTemplate(leaf: AuthorizedLeaf, authority: Authority): UnsignedCertificate {
  const { profile, names, validity } = leaf;
  const commonName = commonNameOf(
    names,
    authority.constraints.some(
      ({ permitted, excluded }) => permitted.dns.length + excluded.dns.length > 0,
    ),
  );
  const keyId = authority.certificate.subjectKeyId;
  return {
    serialNumber: createSerialNumber(),
    issuer: authority.certificate.subject.raw,
    subject: commonName === undefined ? derSequence() : encodeName({ commonName }),
    notBefore: validity.notBefore,
    notAfter: validity.notAfter,
    spki: leaf.spki,
    extensions: [
      keyUsageExtension(profile.keyUsage),
      extKeyUsageExtension(profile.extKeyUsage),
      basicConstraintsExtension({ ca: false }),
      ...(keyId === undefined ? [] : [authorityKeyIdExtension(keyId)]),
      {
        ...subjectAltNameExtension({ dns: names.dns, ip: names.ip.map(({ bytes }) => bytes) }),
        // RFC 5280, section 4.2.1.6: critical exactly when the subject is empty.
        critical: commonName === undefined,
      },
      ...leaf.extensions.map(({ oid, value }) => ({ oid, critical: false, value })),
    ],
  };
}
