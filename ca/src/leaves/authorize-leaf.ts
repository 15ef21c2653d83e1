// SPDX-License-Identifier: Apache-2.0
import { toHex, type ExtensionValue } from '@proofgate/evidence';
import type { Authority } from '../issuer/authority.ts';
import { sameBytes } from '../certificates/read-back.ts';
import { CaError } from '../errors.ts';
import { P256_SPKI_PREFIX } from '../keys/leaf-key.ts';
import { parseCertificateNames, type CertificateNames } from '../names/certificate-names.ts';
import { checkNamesPermitted } from '../names/name-constraints.ts';
import { leafExtensions } from './leaf-extensions.ts';
import { LEAF_PROFILES, type LeafProfile } from './leaf-profile.ts';
import type { LeafRequest } from './leaf-request.ts';
import { leafValidity, type LeafValidity } from './leaf-validity.ts';

/** A request whose every part was checked against the profile and the CA. */
export interface AuthorizedLeaf {
  readonly profile: LeafProfile;
  readonly spki: Uint8Array;
  readonly names: CertificateNames;
  readonly validity: LeafValidity;
  readonly extensions: readonly ExtensionValue[];
}

const P256_SPKI_BYTES = 91;

/** RFC 5280, section 4.2.1.12, anyExtendedKeyUsage. */
const ANY_PURPOSE = '2.5.29.37.0';

/**
 * Decides whether this CA issues what a request asks for.
 *
 * @throws CaError with the code of the first part that is refused
 */
export function authorizeLeaf(request: LeafRequest, authority: Authority): AuthorizedLeaf {
  const profile = LEAF_PROFILES[request.purpose];
  checkPurpose(profile, authority);
  const names = parseCertificateNames(request.names);
  checkNamesPermitted(names, authority.constraints);
  return {
    profile,
    spki: checkLeafKey(request.spki),
    names,
    validity: leafValidity(request, profile, authority),
    extensions: leafExtensions(request.extensions, profile),
  };
}

/** A CA whose certificate lists purposes passes no others on; OpenSSL, Go and browsers read it so. */
function checkPurpose({ extKeyUsage }: LeafProfile, { chain }: Authority): void {
  for (const { extKeyUsage: allowed, subject } of chain) {
    const passes = allowed?.includes(ANY_PURPOSE) ?? true;
    if (!passes && !extKeyUsage.every((purpose) => allowed?.includes(purpose) === true)) {
      throw new CaError('ERR_CA_KEY_USAGE', `${subject.text} may not issue for this purpose`, {
        expected: extKeyUsage.join(', '),
        seen: allowed?.join(', ') ?? '',
      });
    }
  }
}

/** RA-TLS v1: leaf keys are P-256, and report data covers exactly these 91 bytes. OpenSSL checks the point later. */
function checkLeafKey(spki: Uint8Array): Uint8Array {
  const prefix = spki.subarray(0, P256_SPKI_PREFIX.length);
  if (spki.length !== P256_SPKI_BYTES || !sameBytes(P256_SPKI_PREFIX, prefix)) {
    throw new CaError('ERR_CA_LEAF_KEY', 'a leaf key must be an uncompressed P-256 key', {
      expected: `${String(P256_SPKI_BYTES)} bytes that begin ${toHex(P256_SPKI_PREFIX)}`,
      seen: `${String(spki.length)} bytes that begin ${toHex(prefix)}`,
    });
  }
  return spki;
}
