// SPDX-License-Identifier: Apache-2.0
import { toHex, type Certificate } from '@proofgate/evidence';
import { readDistributionPoints } from '../certificates/distribution-points.ts';
import { CaError } from '../errors.ts';

/** What a new intermediary has in common with the one that it replaces. */
export interface RenewalTemplate {
  readonly commonName: string;
  readonly permittedDomains: readonly string[];
  readonly permittedIps: readonly string[];
  readonly crlUrls: readonly string[];
}

/**
 * Reads from an intermediary what its successor must have as well, so that a rotation never widens what a machine may
 * sign for.
 *
 * @param certificate - an intermediary of ours
 * @throws CaError `ERR_CA_CONSTRAINTS` when it has none
 */
export function renewalTemplate(certificate: Certificate): RenewalTemplate {
  const { nameConstraints, subject } = certificate;
  const domains = nameConstraints?.permitted.dns ?? [];
  if (nameConstraints === undefined || domains.length === 0) {
    throw new CaError('ERR_CA_CONSTRAINTS', `${subject.text} has no name constraints`, {
      expected: 'an intermediary that this CA made',
      seen: subject.text,
    });
  }
  return {
    commonName: subject.commonName ?? domains[0] ?? '',
    permittedDomains: domains,
    permittedIps: nameConstraints.permitted.ip.map(rangeText),
    crlUrls: readDistributionPoints(certificate),
  };
}

/** Address and mask, as in a constraint, in the notation that {@link parseIpRange} reads. */
function rangeText(range: Uint8Array): string {
  const half = range.length / 2;
  const bits = [...range.subarray(half)]
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
    .indexOf('0');
  const length = bits === -1 ? half * 8 : bits;
  const address = range.subarray(0, half);
  const text = half === 4 ? address.join('.') : (toHex(address).match(/.{4}/g) ?? []).join(':');
  return `${text}/${String(length)}`;
}
