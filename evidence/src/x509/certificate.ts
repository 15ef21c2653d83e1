// SPDX-License-Identifier: Apache-2.0
import { readDer, type DerReader } from '../asn1/der-reader.ts';
import { derInvalid } from '../asn1/der-error.ts';
import { copyBytes } from '../bytes/bytes.ts';
import { EvidenceError } from '../errors.ts';
import { readExtensions, type Extensions } from './extension-list.ts';
import { readName, type Name } from './name.ts';
import { parsePublicKey, type PublicKey } from './public-key.ts';
import {
  readAlgorithm,
  readSerialNumber,
  readSignedStructure,
  type AlgorithmIdentifier,
} from './signed-structure.ts';
import { readStandardExtensions, type StandardExtensions } from './standard-extensions.ts';

/**
 * Largest certificate. A leaf with a quote has 6 to 10 KiB; TLS stacks stop at 60 to 100 KiB for
 * the whole chain, so a larger certificate could not be presented anyway.
 */
export const MAX_CERTIFICATE_BYTES: number = 64 * 1024;

/** An X.509 v3 certificate (RFC 5280, section 4.1). Nothing in it has been verified. */
export interface Certificate extends StandardExtensions {
  /** DER of the whole certificate. */
  readonly raw: Uint8Array;
  /** DER of the part that is signed. */
  readonly tbs: Uint8Array;
  readonly version: 3;
  /** Content octets of the INTEGER; not negative, may be zero. */
  readonly serialNumber: Uint8Array;
  /** OID of the signature algorithm. */
  readonly signatureAlgorithm: string;
  /** DER of the whole AlgorithmIdentifier, for algorithms with parameters. */
  readonly signatureAlgorithmRaw: Uint8Array;
  readonly issuer: Name;
  readonly subject: Name;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** DER of the whole SubjectPublicKeyInfo: what report data is computed over. */
  readonly spki: Uint8Array;
  readonly publicKey: PublicKey;
  /** Every extension, also those that are read into members of this object. */
  readonly extensions: Extensions;
  /** Content of the signature BIT STRING: DER for ECDSA. */
  readonly signature: Uint8Array;
}

const VERSION_3 = 2;

/**
 * Reads an X.509 v3 certificate.
 *
 * @param der exactly one certificate
 * @throws EvidenceError `ERR_CERT_TOO_LARGE`, `ERR_CERT_INVALID`, `ERR_CERT_SERIAL`,
 * `ERR_CERT_DUPLICATE_EXTENSION`
 * @example
 * ```ts
 * const [leaf] = decodePem(pem, 'CERTIFICATE').map(parseCertificate);
 * ```
 */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > MAX_CERTIFICATE_BYTES) {
    throw new EvidenceError('ERR_CERT_TOO_LARGE', 'certificate is too large', {
      expected: `at most ${MAX_CERTIFICATE_BYTES} bytes`,
      seen: `${der.length} bytes`,
    });
  }
  const raw = copyBytes(der);
  try {
    const { content, tbs, signatureAlgorithm, signature } = readDer(raw, (reader) =>
      readSignedStructure(reader, readTbs),
    );
    return {
      raw,
      tbs,
      version: 3,
      ...content,
      signatureAlgorithm: signatureAlgorithm.oid,
      signatureAlgorithmRaw: signatureAlgorithm.raw,
      signature,
      publicKey: parsePublicKey(content.spki),
      ...readStandardExtensions(content.extensions),
    };
  } catch (error) {
    throw asCertificateError(error);
  }
}

type TbsContent = Pick<
  Certificate,
  'serialNumber' | 'issuer' | 'subject' | 'notBefore' | 'notAfter' | 'spki' | 'extensions'
>;

function readTbs(der: DerReader): {
  algorithm: AlgorithmIdentifier;
  content: TbsContent;
} {
  return der.sequence((inner) => {
    const version = inner.optionalContext(0, (reader) => reader.smallInteger(VERSION_3));
    if (version !== VERSION_3) throw derInvalid('certificate is not of version 3');
    const serialNumber = readSerialNumber(inner);
    const algorithm = readAlgorithm(inner);
    const issuer = readName(inner);
    const [notBefore, notAfter] = inner.sequence((validity) => [validity.time(), validity.time()]);
    const subject = readName(inner);
    const spki = inner.raw();
    // RFC 5280, section 4.1.2.8: unique identifiers MUST NOT be generated, so [1] and [2] fail as
    // trailing elements.
    const extensions: Extensions = inner.optionalContext(3, readExtensions) ?? new Map();
    return {
      algorithm,
      content: { serialNumber, issuer, subject, notBefore, notAfter, spki, extensions },
    };
  });
}

// Readers below know nothing of certificates; the caller should still learn what kind of input was
// bad.
function asCertificateError(error: unknown): unknown {
  if (!(error instanceof EvidenceError)) return error;
  if (error.code.startsWith('ERR_CERT_')) return error;
  return new EvidenceError('ERR_CERT_INVALID', `certificate is malformed: ${error.message}`, {
    ...(error.expected === undefined ? {} : { expected: error.expected }),
    ...(error.seen === undefined ? {} : { seen: error.seen }),
    cause: error,
  });
}
