// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import { isWithinDomain, normalizeDnsName } from './dns-name.ts';

type Constraints = NonNullable<Certificate['nameConstraints']>;

/**
 * Demands that every name of a certificate lies within the name constraints of a CA above it (RFC 5280, section
 * 4.2.1.10). A name that we cannot compare is refused.
 *
 * @throws VerifierError `ERR_CERT_NAME_CONSTRAINT`
 */
export function checkNameConstraints(
  certificate: Certificate,
  authority: Certificate,
  what: string,
): void {
  const constraints = authority.nameConstraints;
  if (constraints === undefined) return;
  // RFC 5280, section 4.2.1.10: constraints on other kinds of names have to be enforced or refused.
  if (constraints.permitted.others + constraints.excluded.others > 0) {
    refuse(what, 'constraints on names that are neither DNS nor IP', authority);
  }
  for (const name of certificate.subjectAltName?.dns ?? []) {
    if (!dnsAllowed(name, constraints)) refuse(what, name, authority);
  }
  for (const address of certificate.subjectAltName?.ip ?? []) {
    if (!ipAllowed(address, constraints)) refuse(what, address.join('.'), authority);
  }
}

function refuse(what: string, name: string, authority: Certificate): never {
  throw new VerifierError('ERR_CERT_NAME_CONSTRAINT', `${what} has a name outside its CA’s`, {
    expected: `a name that ${authority.subject.text} may issue`,
    seen: name,
  });
}

function dnsAllowed(name: string, { permitted, excluded }: Constraints): boolean {
  const wildcard = name.startsWith('*.');
  const base = normalizeDnsName(wildcard ? name.slice(2) : name);
  if (base === undefined) return false;
  // A wildcard stands for names one label below its base: exclude it when any of those is excluded.
  const hits = (constraint: string): boolean =>
    covers(constraint, base) || (wildcard && isWithinDomain(bareDomain(constraint), base));
  if (excluded.dns.some(hits)) return false;
  if (permitted.dns.length === 0) return true;
  return permitted.dns.some((constraint) =>
    wildcard ? isWithinDomain(base, bareDomain(constraint)) : covers(constraint, base),
  );
}

// `example.com` covers itself and everything below; with a leading dot only what is below. The empty constraint covers all.
function covers(constraint: string, name: string): boolean {
  if (constraint === '') return true;
  const domain = bareDomain(constraint);
  return constraint.startsWith('.') ? name.endsWith(`.${domain}`) : isWithinDomain(name, domain);
}

function bareDomain(constraint: string): string {
  return constraint.toLowerCase().replace(/^\./, '');
}

function ipAllowed(address: Uint8Array, { permitted, excluded }: Constraints): boolean {
  if (excluded.ip.some((range) => inRange(address, range))) return false;
  return permitted.ip.length === 0 || permitted.ip.some((range) => inRange(address, range));
}

// A range is an address followed by a mask of the same length.
function inRange(address: Uint8Array, range: Uint8Array): boolean {
  const size = address.length;
  if (range.length !== 2 * size) return false;
  return address.every((byte, index) => {
    const mask = range[size + index] ?? 0xff;
    return (byte & mask) === ((range[index] ?? 0) & mask);
  });
}
