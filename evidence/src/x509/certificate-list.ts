// SPDX-License-Identifier: Apache-2.0
import { MAX_DER_BYTES, readDer, type DerReader } from '../asn1/der-reader.ts';
import { DER_TAG } from '../asn1/der-tag.ts';
import { derInvalid } from '../asn1/der-error.ts';
import { copyBytes } from '../bytes/bytes.ts';
import { toHex } from '../bytes/hex.ts';
import { EvidenceError } from '../errors.ts';
import { readExtensions, type Extensions } from './extension-list.ts';
import { readName, type Name } from './name.ts';
import {
  readAlgorithm,
  readSerialNumber,
  readSignedStructure,
  type AlgorithmIdentifier,
} from './signed-structure.ts';
import { readStandardExtensions } from './standard-extensions.ts';
import { X509_EXTENSION } from './x509-oid.ts';

/** Largest revocation list. Intel's has 3 to 4 KiB; 1 MiB is room for about 27 000 entries. */
export const MAX_CERTIFICATE_LIST_BYTES: number = MAX_DER_BYTES;

/** When and why a certificate was revoked. */
export interface Revocation {
  readonly date: Date;
  /** CRLReason (RFC 5280, section 5.3.1), such as 1 for keyCompromise. */
  readonly reason?: number;
}

/**
 * An X.509 v2 certificate revocation list (RFC 5280, section 5.1). Nothing in it has been verified.
 */
export interface CertificateList {
  /** DER of the whole list. */
  readonly raw: Uint8Array;
  /** DER of the part that is signed. */
  readonly tbs: Uint8Array;
  /** OID of the signature algorithm. */
  readonly signatureAlgorithm: string;
  /** DER of the whole AlgorithmIdentifier, for algorithms with parameters. */
  readonly signatureAlgorithmRaw: Uint8Array;
  readonly issuer: Name;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
  /** By lower-case hex of the serial number's content octets: `toHex(certificate.serialNumber)`. */
  readonly revoked: ReadonlyMap<string, Revocation>;
  readonly crlNumber?: bigint;
  readonly authorityKeyId?: Uint8Array;
  /** Content of the signature BIT STRING. */
  readonly signature: Uint8Array;
  /** Every extension of the list. A verifier refuses critical ones that it does not know. */
  readonly extensions: Extensions;
}

const VERSION_2 = 1;

/** Highest CRLReason, aACompromise. */
const MAX_REASON = 10;

/**
 * Reads a version 2 revocation list.
 *
 * @param der exactly one list
 * @throws EvidenceError `ERR_CRL_TOO_LARGE`, `ERR_CRL_INVALID`
 */
export function parseCertificateList(der: Uint8Array): CertificateList {
  if (der.length > MAX_CERTIFICATE_LIST_BYTES) {
    throw new EvidenceError('ERR_CRL_TOO_LARGE', 'certificate revocation list is too large', {
      expected: `at most ${MAX_CERTIFICATE_LIST_BYTES} bytes`,
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
      ...content,
      ...listExtensions(content.extensions),
      signatureAlgorithm: signatureAlgorithm.oid,
      signatureAlgorithmRaw: signatureAlgorithm.raw,
      signature,
    };
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    throw new EvidenceError('ERR_CRL_INVALID', `revocation list is malformed: ${error.message}`, {
      cause: error,
    });
  }
}

type TbsContent = Pick<
  CertificateList,
  'issuer' | 'thisUpdate' | 'nextUpdate' | 'revoked' | 'extensions'
>;

function readTbs(der: DerReader): {
  algorithm: AlgorithmIdentifier;
  content: TbsContent;
} {
  return der.sequence((inner) => {
    // RFC 5280, sections 5.1.2.1 and 5.2: every conforming list has extensions, and so version 2.
    if (inner.smallInteger(VERSION_2) !== VERSION_2) throw derInvalid('list is not of version 2');
    const algorithm = readAlgorithm(inner);
    const issuer = readName(inner);
    const thisUpdate = inner.time();
    const nextUpdate = nextIsTime(inner) ? inner.time() : undefined;
    const revoked = inner.nextIs(DER_TAG.sequence) ? readRevoked(inner) : new Map();
    const extensions: Extensions = inner.optionalContext(0, readExtensions) ?? new Map();
    const content = { issuer, thisUpdate, revoked, extensions };
    return {
      algorithm,
      content: nextUpdate === undefined ? content : { ...content, nextUpdate },
    };
  });
}

function nextIsTime(der: DerReader): boolean {
  return der.nextIs(DER_TAG.utcTime) || der.nextIs(DER_TAG.generalizedTime);
}

function readRevoked(der: DerReader): Map<string, Revocation> {
  const revoked = new Map<string, Revocation>();
  der.sequenceOf((reader) =>
    reader.sequence((entry) => {
      const serial = toHex(readSerialNumber(entry));
      const date = entry.time();
      if (revoked.has(serial)) throw derInvalid(`serial number ${serial} is listed twice`);
      revoked.set(serial, { date, ...(entry.done ? {} : readReason(entry)) });
    }),
  );
  return revoked;
}

const KNOWN_ENTRY_EXTENSIONS: ReadonlySet<string> = new Set([
  X509_EXTENSION.crlReason,
  X509_EXTENSION.invalidityDate,
]);

function readReason(entry: DerReader): { reason?: number } {
  const extensions = readExtensions(entry);
  for (const [oid, { critical }] of extensions) {
    // RFC 5280, section 5.3. The certificateIssuer extension, for one, moves an entry to another
    // CA.
    if (critical && !KNOWN_ENTRY_EXTENSIONS.has(oid)) {
      throw derInvalid(`entry has the unknown critical extension ${oid}`);
    }
  }
  const reason = extensions.get(X509_EXTENSION.crlReason);
  if (reason === undefined) return {};
  return { reason: readDer(reason.value, (der) => der.enumerated(MAX_REASON)) };
}

function listExtensions(extensions: Extensions): {
  crlNumber?: bigint;
  authorityKeyId?: Uint8Array;
} {
  const { authorityKeyId } = readStandardExtensions(extensions);
  const number = extensions.get(X509_EXTENSION.crlNumber);
  return {
    ...(number === undefined ? {} : { crlNumber: readDer(number.value, readCrlNumber) }),
    ...(authorityKeyId === undefined ? {} : { authorityKeyId }),
  };
}

// RFC 5280, section 5.2.3: up to 20 octets, and a number that is not negative.
function readCrlNumber(der: DerReader): bigint {
  const value = der.bigInteger();
  if (value < 0n || value >= 1n << 160n) throw derInvalid('cRLNumber is out of range');
  return value;
}
