// SPDX-License-Identifier: Apache-2.0
import type { DerReader } from '../asn1/der-reader.ts';
import { DER_TAG } from '../asn1/der-tag.ts';
import { derInvalid } from '../asn1/der-error.ts';
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
export function readExtensions(der: DerReader): Extensions {
  const extensions = new Map<string, Extension>();
  der.sequenceOf((reader) => {
    const { oid, ...extension } = readExtension(reader);
    // RFC 5280, section 4.2: no more than one instance. Two readers would disagree on which one
    // counts.
    if (extensions.has(oid)) {
      throw new EvidenceError('ERR_CERT_DUPLICATE_EXTENSION', `extension ${oid} occurs twice`, {
        expected: 'each extension once',
        seen: oid,
      });
    }
    extensions.set(oid, extension);
  });
  if (extensions.size === 0) throw derInvalid('list of extensions is empty');
  return extensions;
}

function readExtension(der: DerReader): Extension & { readonly oid: string } {
  return der.sequence((inner) => {
    const oid = inner.oid();
    const critical = inner.nextIs(DER_TAG.boolean) && readCritical(inner);
    return { oid, critical, value: inner.octetString() };
  });
}

// X.690, section 11.5: a value equal to its default is not encoded.
function readCritical(der: DerReader): true {
  if (!der.boolean()) throw derInvalid('extension encodes the default value of critical');
  return true;
}
