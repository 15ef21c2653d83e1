// SPDX-License-Identifier: Apache-2.0
import type { NameConstraints } from '@proofgate/evidence';
import { CaError } from '../errors.ts';
import type { CertificateNames } from './certificate-names.ts';

/**
 * Refuses names that one of the CAs above a certificate may not vouch for.
 *
 * @param names - every name the certificate will carry
 * @param constraints - the constraints of each certificate of the issuing chain that has some; all must hold
 * @throws CaError `ERR_CA_NAME_NOT_PERMITTED`
 */
export function checkNamesPermitted(
  names: CertificateNames,
  constraints: readonly NameConstraints[],
): void {
  for (const { permitted, excluded } of constraints) {
    for (const name of names.dns) {
      const covers = (domain: string): boolean => domainCovers(domain, name);
      checkForm(name, permitted.dns, excluded.dns, covers, (domain) => domain);
    }
    for (const { text, bytes } of names.ip) {
      const covers = (range: Uint8Array): boolean => rangeCovers(range, bytes);
      checkForm(text, permitted.ip, excluded.ip, covers, formatRange);
    }
  }
}

/** RFC 5280, section 6.1.4 (g): a form of name that has no permitted subtree is not limited by the permitted ones. */
function checkForm<T>(
  name: string,
  permitted: readonly T[],
  excluded: readonly T[],
  covers: (subtree: T) => boolean,
  format: (subtree: T) => string,
): void {
  const offender = excluded.find(covers);
  if (offender !== undefined) {
    throw notPermitted(name, `nothing under ${format(offender)}`);
  }
  if (permitted.length > 0 && !permitted.some(covers)) {
    throw notPermitted(name, `a name under ${permitted.map(format).join(' or ')}`);
  }
}

/** A domain covers itself and what ends in it at a label's edge; written with a leading dot, only what is below it. */
function domainCovers(constraint: string, name: string): boolean {
  const domain = constraint.toLowerCase();
  if (domain === '' || domain === name) return true;
  return name.endsWith(domain.startsWith('.') ? domain : `.${domain}`);
}

function rangeCovers(range: Uint8Array, address: Uint8Array): boolean {
  if (range.length !== address.length * 2) return false;
  const mask = range.subarray(address.length);
  return address.every((byte, i) => (byte & (mask[i] ?? 0)) === ((range[i] ?? 0) & (mask[i] ?? 0)));
}

function formatRange(range: Uint8Array): string {
  const half = range.length / 2;
  const text = (bytes: Uint8Array): string =>
    half === 4 ? bytes.join('.') : Buffer.from(bytes).toString('hex');
  return `${text(range.subarray(0, half))}/${text(range.subarray(half))}`;
}

function notPermitted(name: string, expected: string): CaError {
  return new CaError('ERR_CA_NAME_NOT_PERMITTED', `this CA may not issue for ${name}`, {
    expected,
    seen: name,
    hint: 'use an intermediary whose permitted domains cover the name',
  });
}
