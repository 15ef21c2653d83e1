// SPDX-License-Identifier: Apache-2.0
import { type DerElement, derElements, parseDer } from '../asn1/der-element.ts';
import { derInvalid } from '../asn1/der-error.ts';
import { readBitString, readInteger, readOid, readRaw } from '../asn1/der-values.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { toHex } from '../bytes/hex.ts';
import { EvidenceError, type RejectionCode, within } from '../errors.ts';

/** What certificates and revocation lists have in common. */
export interface SignedStructure {
  /** DER of the whole structure. */
  readonly raw: Uint8Array;
  /** DER of the part that is signed. */
  readonly tbs: Uint8Array;
  /** OID of the signature algorithm. */
  readonly signatureAlgorithm: string;
  /** Content of the signature BIT STRING: DER for ECDSA. */
  readonly signature: Uint8Array;
}

/** A kind of signed structure. */
export interface SignedKind {
  /** For messages. */
  readonly what: string;
  readonly maxBytes: number;
  /** Codes of structures that are larger, or malformed. */
  readonly tooLarge: RejectionCode;
  readonly invalid: RejectionCode;
}

/**
 * Longest serial number, in content octets: RFC 5280, section 4.1.2.2, allows 20, and Intel's PCK
 * certificates use all 20 with a sign octet before them.
 */
export const MAX_SERIAL_OCTETS = 21;

/**
 * Reads `SEQUENCE { tbs, signatureAlgorithm, signature }`.
 *
 * @param readTbs reads the signed part and returns its content with the AlgorithmIdentifier in it
 * @throws EvidenceError codes of the kind. The algorithm outside the signature may not differ from the
 * one inside: RFC 5280, sections 4.1.1.2 and 5.1.1.2, and the outer one is what an attacker could
 * change
 */
export function parseSigned<T>(
  der: Uint8Array,
  { what, maxBytes, tooLarge, invalid }: SignedKind,
  readTbs: (
    tbs: DerElement | undefined,
  ) => readonly [algorithm: DerElement | undefined, content: T],
): SignedStructure & T {
  if (der.length > maxBytes) {
    throw new EvidenceError(tooLarge, `${what} is too large`, {
      expected: `at most ${maxBytes} bytes`,
      seen: `${der.length} bytes`,
    });
  }
  return within(
    invalid,
    what,
    () => {
      const whole = parseDer(der);
      const [tbs, outer, signature] = derElements(whole, 3);
      const [inner, content] = readTbs(tbs);
      const signatureAlgorithm = readAlgorithm(outer);
      if (!equalBytes(readRaw(outer), readRaw(inner))) {
        throw derInvalid('signature algorithm', readAlgorithm(inner), signatureAlgorithm);
      }
      return {
        raw: readRaw(whole),
        tbs: readRaw(tbs),
        ...content,
        signatureAlgorithm,
        signature: readBitString(signature),
      };
    },
    // Other codes of the same kind are as precise.
    invalid.replace('INVALID', ''),
  );
}

// RFC 5280, section 4.1.1.2. Parameters stay unread.
function readAlgorithm(element: DerElement | undefined): string {
  return readOid(derElements(element, 1, 2)[0]);
}

/**
 * Reads a serial number. Zero is taken: AMD's VCEK certificates have it, and whether it is
 * acceptable is for the verifier of a chain to say.
 *
 * @returns content octets
 * @throws EvidenceError `ERR_CERT_SERIAL`
 */
export function readSerialNumber(element: DerElement | undefined): Uint8Array {
  const serial = readInteger(element);
  if ((serial[0] ?? 0) >= 0x80 || serial.length > MAX_SERIAL_OCTETS) {
    throw new EvidenceError('ERR_CERT_SERIAL', 'serial number is not valid', {
      expected: `not negative, at most ${MAX_SERIAL_OCTETS} octets`,
      seen: toHex(serial),
    });
  }
  return serial;
}
