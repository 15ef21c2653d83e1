// SPDX-License-Identifier: Apache-2.0
import { type DerElement, derElements, derList } from '../asn1/der-element.ts';
import { derInvalid } from '../asn1/der-error.ts';
import { CONTEXT_CONSTRUCTED } from '../asn1/der-tag.ts';
import { readBoolean, readOctets, readOid } from '../asn1/der-values.ts';
import { EvidenceError } from '../errors.ts';

/** What an X.509 extension holds. */
export interface Extension {
  readonly critical: boolean;
  /** Content octets of `extnValue`. */
  readonly value: Uint8Array;
}

/** Extensions by dotted OID, in the order of the certificate. */
export type Extensions = ReadonlyMap<string, Extension>;

/**
 * Reads Extensions (RFC 5280, section 4.1.2.9): SEQUENCE SIZE (1..MAX) OF Extension.
 *
 * @throws EvidenceError `ERR_CERT_DUPLICATE_EXTENSION`, `ERR_DER_INVALID`
 */
export function readExtensions(list: DerElement | undefined): Extensions {
  const extensions = new Map<string, Extension>();
  for (const element of derList(list)) {
    const [type, ...rest] = derElements(element, 2, 3);
    const oid = readOid(type);
    const value = readOctets(rest.pop());
    const critical = rest.length > 0 && readBoolean(rest[0]);
    // X.690, section 11.5: a value equal to its default is not encoded.
    if (rest.length > 0 && !critical) throw derInvalid('critical', 'true');
    // RFC 5280, section 4.2: no more than one instance. Two readers would disagree on which one
    // counts.
    if (extensions.has(oid)) {
      throw new EvidenceError('ERR_CERT_DUPLICATE_EXTENSION', 'extension occurs twice', {
        expected: 'each once',
        seen: oid,
      });
    }
    extensions.set(oid, { critical, value });
  }
  if (extensions.size === 0) throw derInvalid('list of extensions', 'some');
  return extensions;
}

/** Reads Extensions in `[number]`, which may be absent. */
export function readTaggedExtensions(element: DerElement | undefined, number: number): Extensions {
  if (element === undefined) return new Map();
  return readExtensions(derElements(element, 1, 1, CONTEXT_CONSTRUCTED + number)[0]);
}
