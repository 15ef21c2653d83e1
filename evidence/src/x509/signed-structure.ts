// SPDX-License-Identifier: Apache-2.0
import type { DerReader } from '../asn1/der-reader.ts';
import { derInvalid } from '../asn1/der-error.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { EvidenceError } from '../errors.ts';

/** An algorithm and its parameters. */
export interface AlgorithmIdentifier {
  readonly oid: string;
  /**
   * DER of the whole AlgorithmIdentifier. RSASSA-PSS keeps its hash and salt length in the
   * parameters.
   */
  readonly raw: Uint8Array;
}

/** What certificates and revocation lists have in common: signed content, algorithm, signature. */
export interface SignedStructure<T> {
  /** DER of the signed part. */
  readonly tbs: Uint8Array;
  readonly content: T;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  /** Content of the BIT STRING. */
  readonly signature: Uint8Array;
}

/**
 * Longest serial number, in content octets: RFC 5280, section 4.1.2.2, allows 20, and Intel's PCK
 * certificates use all 20 with a sign octet before them.
 */
export const MAX_SERIAL_OCTETS = 21;

/**
 * Reads `SEQUENCE { tbs, signatureAlgorithm, signature }`.
 *
 * @param readTbs reads the signed part and returns the algorithm that it names with its content
 * @throws EvidenceError `ERR_DER_INVALID`, also when the algorithm outside the signature differs
 * from the one inside: RFC 5280, sections 4.1.1.2 and 5.1.1.2, and the outer one is what an
 * attacker could change
 */
export function readSignedStructure<T>(
  der: DerReader,
  readTbs: (der: DerReader) => { algorithm: AlgorithmIdentifier; content: T },
): SignedStructure<T> {
  return der.sequence((inner) => {
    const { raw: tbs, value } = inner.withRaw(readTbs);
    const signatureAlgorithm = readAlgorithm(inner);
    if (!equalBytes(signatureAlgorithm.raw, value.algorithm.raw)) {
      throw derInvalid(
        'signature algorithm differs inside and outside the signed part',
        value.algorithm.oid,
        signatureAlgorithm.oid,
      );
    }
    return { tbs, content: value.content, signatureAlgorithm, signature: inner.bitString() };
  });
}

/** Reads an AlgorithmIdentifier (RFC 5280, section 4.1.1.2); parameters stay unread. */
export function readAlgorithm(der: DerReader): AlgorithmIdentifier {
  const { raw, value: oid } = der.withRaw((reader) =>
    reader.sequence((inner) => {
      const algorithm = inner.oid();
      if (!inner.done) inner.raw();
      return algorithm;
    }),
  );
  return { oid, raw };
}

/**
 * Reads a serial number. Zero is taken: AMD's VCEK certificates have it, and whether it is
 * acceptable is for the verifier of a chain to say.
 *
 * @returns content octets
 * @throws EvidenceError `ERR_CERT_SERIAL`
 */
export function readSerialNumber(der: DerReader): Uint8Array {
  const serial = der.integer();
  const negative = (serial[0] ?? 0) >= 0x80;
  if (negative || serial.length > MAX_SERIAL_OCTETS) {
    throw new EvidenceError('ERR_CERT_SERIAL', 'serial number is out of range', {
      expected: `not negative, at most ${MAX_SERIAL_OCTETS} octets`,
      seen: negative ? 'a negative number' : `${serial.length} octets`,
    });
  }
  return serial;
}
