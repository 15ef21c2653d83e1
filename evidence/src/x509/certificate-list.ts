// SPDX-License-Identifier: Apache-2.0
import { type DerElement, derElements, derList, MAX_DER_BYTES } from '../asn1/der-element.ts';
import { derInvalid } from '../asn1/der-error.ts';
import { CONTEXT_CONSTRUCTED, SEQUENCE } from '../asn1/der-tag.ts';
import { readBigInteger, readEnumerated, readSmallInteger, readTime } from '../asn1/der-values.ts';
import { toHex } from '../bytes/hex.ts';
import { readAuthorityKeyId } from './authority-extensions.ts';
import { type Extensions, readExtensions, readTaggedExtensions } from './extension-list.ts';
import { type ExtensionReaders, readKnownExtensions } from './known-extensions.ts';
import { readName, type Name } from './name.ts';
import {
  parseSigned,
  readSerialNumber,
  type SignedKind,
  type SignedStructure,
} from './signed-structure.ts';
import { AUTHORITY_KEY_ID, CRL_NUMBER, CRL_REASON, INVALIDITY_DATE } from './x509-oid.ts';

/** Largest revocation list. Intel's has 3 to 4 KiB; 1 MiB is room for about 27 000 entries. */
export const MAX_CERTIFICATE_LIST_BYTES: number = MAX_DER_BYTES;

/** When and why a certificate was revoked. */
export interface Revocation {
  readonly date: Date;
  /** CRLReason (RFC 5280, section 5.3.1), such as 1 for keyCompromise. */
  readonly reason?: number;
}

/** Extensions of a list that we read; a member is absent if the extension is. */
interface ListExtensions {
  readonly crlNumber?: bigint;
  readonly authorityKeyId?: Uint8Array;
}

/**
 * An X.509 v2 certificate revocation list (RFC 5280, section 5.1). Nothing in it has been verified.
 */
export interface CertificateList extends SignedStructure, ListExtensions {
  readonly issuer: Name;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date | undefined;
  /** By lower-case hex of the serial number's content octets: `toHex(certificate.serialNumber)`. */
  readonly revoked: ReadonlyMap<string, Revocation>;
  /** Every extension of the list. A verifier refuses critical ones that it does not know. */
  readonly extensions: Extensions;
}

const KIND: SignedKind = {
  what: 'revocation list',
  maxBytes: MAX_CERTIFICATE_LIST_BYTES,
  tooLarge: 'ERR_CRL_TOO_LARGE',
  invalid: 'ERR_CRL_INVALID',
};

const VERSION_2 = 1;

/** Highest CRLReason, aACompromise. */
const MAX_REASON = 10;

const LIST_EXTENSIONS: ExtensionReaders<ListExtensions> = {
  crlNumber: [CRL_NUMBER, readCrlNumber],
  authorityKeyId: [AUTHORITY_KEY_ID, readAuthorityKeyId],
};

/**
 * Reads a version 2 revocation list.
 *
 * @param der exactly one list
 * @throws EvidenceError `ERR_CRL_TOO_LARGE`, `ERR_CRL_INVALID`
 */
export function parseCertificateList(der: Uint8Array): CertificateList {
  return parseSigned(der, KIND, readTbs);
}

function readTbs(
  tbs: DerElement | undefined,
): [DerElement | undefined, Omit<CertificateList, keyof SignedStructure>] {
  const [version, algorithm, issuer, thisUpdate, ...rest] = derElements(tbs, 4, 7);
  // RFC 5280, sections 5.1.2.1 and 5.2: every conforming list has extensions, and so version 2.
  if (readSmallInteger(version, VERSION_2) !== VERSION_2) throw derInvalid('version', '2');
  // What may follow, in this order: nextUpdate, revokedCertificates, crlExtensions.
  const last = rest.at(-1)?.tag === CONTEXT_CONSTRUCTED ? rest.pop() : undefined;
  const revoked = rest.at(-1)?.tag === SEQUENCE ? rest.pop() : undefined;
  const [nextUpdate, ...more] = rest;
  if (more.length > 0) throw derInvalid('list', 'one nextUpdate');
  const extensions = readTaggedExtensions(last, 0);
  const fields = {
    issuer: readName(issuer),
    thisUpdate: readTime(thisUpdate),
    nextUpdate: nextUpdate && readTime(nextUpdate),
    revoked: readRevoked(revoked),
    extensions,
    ...readKnownExtensions(extensions, LIST_EXTENSIONS),
  };
  return [algorithm, fields];
}

function readRevoked(list: DerElement | undefined): Map<string, Revocation> {
  const revoked = new Map<string, Revocation>();
  for (const entry of list === undefined ? [] : derList(list)) {
    const [number, date, extensions] = derElements(entry, 2, 3);
    const serial = toHex(readSerialNumber(number));
    if (revoked.has(serial)) throw derInvalid('list', 'each once', serial);
    revoked.set(serial, { date: readTime(date), ...(extensions && readReason(extensions)) });
  }
  return revoked;
}

const KNOWN_ENTRY_EXTENSIONS = [CRL_REASON, INVALIDITY_DATE];

function readReason(list: DerElement): { reason?: number } {
  const extensions = readExtensions(list);
  for (const [oid, { critical }] of extensions) {
    // RFC 5280, section 5.3. The certificateIssuer extension, for one, moves an entry to another
    // CA.
    if (critical && !KNOWN_ENTRY_EXTENSIONS.includes(oid)) {
      throw derInvalid('entry', 'known critical extensions', oid);
    }
  }
  return readKnownExtensions<{ reason?: number }>(extensions, {
    reason: [CRL_REASON, (value) => readEnumerated(value, MAX_REASON)],
  });
}

// RFC 5280, section 5.2.3: up to 20 octets, and a number that is not negative.
function readCrlNumber(element: DerElement): bigint {
  const value = readBigInteger(element);
  if (value < 0n || value >= 1n << 160n) throw derInvalid('cRLNumber', '0 to 2^160 - 1');
  return value;
}
