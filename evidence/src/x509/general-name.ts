// SPDX-License-Identifier: Apache-2.0
import type { DerReader } from '../asn1/der-reader.ts';
import { IA5_STRING } from '../asn1/der-tag.ts';
import { derInvalid } from '../asn1/der-error.ts';
import { fromUtf8 } from '../bytes/utf8.ts';

/**
 * One alternative of GeneralName (RFC 5280, section 4.2.1.6); what we do not use is kept as
 * `other`.
 */
export type GeneralName =
  | { readonly kind: 'dns'; readonly name: string }
  | { readonly kind: 'ip'; readonly address: Uint8Array }
  | { readonly kind: 'other' };

const DNS_NAME = 2;
const IP_ADDRESS = 7;
const PRIMITIVE_CONTEXT = 0x80;

/** Longest DNS name in presentation form (RFC 1035, section 2.3.4, less the length octets). */
const MAX_DNS_NAME = 253;

/**
 * Reads a GeneralName.
 *
 * @param addressSizes sizes that an iPAddress may have: 4 and 16, or twice that where a mask
 * follows
 * @throws EvidenceError `ERR_DER_INVALID`
 */
export function readGeneralName(der: DerReader, addressSizes: readonly number[]): GeneralName {
  if (der.nextIs(PRIMITIVE_CONTEXT | DNS_NAME)) {
    return { kind: 'dns', name: dnsName(der.contextPrimitive(DNS_NAME)) };
  }
  if (der.nextIs(PRIMITIVE_CONTEXT | IP_ADDRESS)) {
    const address = der.contextPrimitive(IP_ADDRESS);
    if (!addressSizes.includes(address.length)) {
      throw derInvalid(
        'iPAddress has a wrong size',
        addressSizes.join(' or '),
        `${address.length}`,
      );
    }
    return { kind: 'ip', address };
  }
  der.raw();
  return { kind: 'other' };
}

// A NUL or a space in a name is how one name passes for another in software that stops reading
// there.
function dnsName(content: Uint8Array): string {
  const name = fromUtf8(content);
  if (name.length > MAX_DNS_NAME || !IA5_STRING.test(name) || /[\s\p{Cc}]/u.test(name)) {
    throw derInvalid('dNSName is malformed', 'ASCII without spaces and control characters');
  }
  return name;
}
