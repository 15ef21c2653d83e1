// SPDX-License-Identifier: Apache-2.0
import {
  assembleSigned,
  authorityKeyIdExtension,
  crlNumberExtension,
  encodeTbsCertificateList,
  toHex,
} from '@proofgate/evidence';
import type { CrlDescription } from '../description/platform-description.ts';
import { signDer } from '../signing-key.ts';
import { serialNumber, simulatedName } from './certificate-issuer.ts';
import { periodFrom } from './period.ts';

/** CRLReason keyCompromise (RFC 5280, section 5.3.1), the reason that Intel gives. */
const KEY_COMPROMISE = 1;

/**
 * Issues a revocation list.
 *
 * @param description - what it shall say
 * @param issueTime - when
 * @returns hex of the DER, as collateral carries it
 */
export function issueRevocationList(description: CrlDescription, issueTime: Date): string {
  if (description.served !== undefined) return description.served;
  const { issuer } = description;
  const { from, until } = periodFrom(description.period, issueTime);
  const tbs = encodeTbsCertificateList({
    signatureAlgorithm: 'ecdsa-sha256',
    issuer: simulatedName(issuer.commonName),
    thisUpdate: from,
    nextUpdate: until,
    revoked: description.revoked.map((certificate) => ({
      serialNumber: serialNumber(certificate),
      date: from,
      reason: KEY_COMPROMISE,
    })),
    extensions: [crlNumberExtension(description.number), authorityKeyIdExtension(issuer.key.keyId)],
  });
  const signer = description.signedBy ?? issuer.key;
  return toHex(assembleSigned(tbs, 'ecdsa-sha256', signDer(signer, tbs)));
}
