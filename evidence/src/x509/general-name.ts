// SPDX-License-Identifier: Apache-2.0
import type { DerElement } from '../asn1/der-element.ts';
import { derInvalid } from '../asn1/der-error.ts';
import { CONTEXT } from '../asn1/der-tag.ts';
import { ASCII_TEXT } from '../asn1/der-text.ts';
import { readOctets } from '../asn1/der-values.ts';
import { fromUtf8 } from '../bytes/utf8.ts';

/**
 * One alternative of GeneralName (RFC 5280, section 4.2.1.6); what we do not use is kept as
 * `other`.
 */
export type GeneralName =
  | { readonly kind: 'dns'; readonly name: string }
  | { readonly kind: 'ip'; readonly address: Uint8Array }
  | { readonly kind: 'other' };

const DNS_NAME: number = CONTEXT + 2;
const IP_ADDRESS: number = CONTEXT + 7;

/** Longest DNS name in presentation form (RFC 1035, section 2.3.4, less the length octets). */
const MAX_DNS_NAME = 253;

/**
 * Reads a GeneralName.
 *
 * @param addressSizes sizes that an iPAddress may have: 4 and 16, or twice that where a mask
 * follows
 * @throws EvidenceError `ERR_DER_INVALID`
 */
export function readGeneralName(
  element: DerElement | undefined,
  addressSizes: readonly number[],
): GeneralName {
  if (element?.tag === DNS_NAME) {
    return { kind: 'dns', name: dnsName(readOctets(element, DNS_NAME)) };
  }
  if (element?.tag !== IP_ADDRESS) return { kind: 'other' };
  const address = readOctets(element, IP_ADDRESS);
  if (addressSizes.includes(address.length)) return { kind: 'ip', address };
  throw derInvalid('iPAddress', addressSizes.join(' or '), `${address.length}`);
}

// A NUL or a space in a name is how one name passes for another in software that stops reading
// there.
function dnsName(content: Uint8Array): string {
  const name = fromUtf8(content);
  if (name.length > MAX_DNS_NAME || !ASCII_TEXT.test(name) || /[\s\p{Cc}]/u.test(name)) {
    throw derInvalid('dNSName', 'ASCII without spaces and control characters');
  }
  return name;
}
