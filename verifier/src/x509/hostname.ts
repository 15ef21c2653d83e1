// SPDX-License-Identifier: Apache-2.0
import { type Certificate, equalBytes } from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import { dnsNameMatches, normalizeDnsName } from './dns-name.ts';
import { parseIpAddress } from './ip-address.ts';
import { listText } from '../list-text.ts';

/**
 * Demands that a certificate is for a host: by its subject alternative names alone, never by its common name
 * (RFC 9525, section 6).
 *
 * @param hostname a DNS name or an IP address literal
 * @throws VerifierError `ERR_CERT_HOSTNAME`
 */
export function checkHostname(certificate: Certificate, hostname: string): void {
  const names = certificate.subjectAltName;
  const address = parseIpAddress(hostname);
  const wanted = normalizeDnsName(hostname);
  const matches =
    address === undefined
      ? wanted !== undefined && names?.dns.some((name) => dnsNameMatches(name, wanted)) === true
      : names?.ip.some((candidate) => equalBytes(candidate, address)) === true;
  if (matches) return;
  throw new VerifierError('ERR_CERT_HOSTNAME', 'the certificate is for another host', {
    expected: hostname,
    seen: listText([...(names?.dns ?? []), ...(names?.ip ?? []).map(formatIp)], 'no names'),
  });
}

function formatIp(address: Uint8Array): string {
  if (address.length === 4) return address.join('.');
  const groups = Array.from({ length: address.length / 2 }, (_, index) =>
    (((address[2 * index] ?? 0) << 8) | (address[2 * index + 1] ?? 0)).toString(16),
  );
  return groups.join(':');
}
