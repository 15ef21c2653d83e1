// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net';
import { MAX_NAME_PART } from '@proofgate/evidence';
import { CaError } from '../errors.ts';
import { checkHostName } from './host-name.ts';
import { parseIpAddress } from './ip-address.ts';

/** A host is known by a few names; each one is checked on every handshake by every client. */
const MAX_NAMES = 32;

/** The names of one certificate, checked and in the two forms a subjectAltName has for them. */
export interface CertificateNames {
  /** In the order of the request. */
  readonly all: readonly string[];
  readonly dns: readonly string[];
  readonly ip: readonly { readonly text: string; readonly bytes: Uint8Array }[];
}

/**
 * Sorts the names of a request into host names and IP address literals.
 *
 * @param names - at least one; each at most once
 * @throws CaError `ERR_CA_NAME_INVALID`
 */
export function parseCertificateNames(names: readonly string[]): CertificateNames {
  if (names.length === 0 || names.length > MAX_NAMES || new Set(names).size < names.length) {
    throw new CaError('ERR_CA_NAME_INVALID', 'a certificate needs names, each of them once', {
      expected: `1 to ${String(MAX_NAMES)} different names`,
      seen: names.length > MAX_NAMES ? `${String(names.length)} names` : names.join(', '),
    });
  }
  const isAddress = (name: string): boolean => isIP(name) !== 0;
  return {
    all: [...names],
    dns: names.filter((name) => !isAddress(name)).map(checkHostName),
    ip: names.filter(isAddress).map((text) => ({ text, bytes: parseIpAddress(text) })),
  };
}

/**
 * The common name that repeats the first name in the subject (RA-TLS v1), or nothing where that would make clients
 * refuse the certificate: a name longer than a common name may be, or an IP address below a CA with constraints on
 * host names, because OpenSSL then reads the common name as a host name. The subject is empty instead, and
 * the subjectAltName critical (RFC 5280, section 4.2.1.6).
 *
 * @param names - the names of the certificate
 * @param hostNamesConstrained - whether a CA above limits host names
 */
export function commonNameOf(
  names: CertificateNames,
  hostNamesConstrained: boolean,
): string | undefined {
  const first = names.all[0];
  if (first === undefined || first.length > MAX_NAME_PART) return undefined;
  if (hostNamesConstrained && names.dns.length === 0) return undefined;
  return first;
}
