// SPDX-License-Identifier: Apache-2.0
import { sign, verify } from 'node:crypto';
import {
  assembleSigned,
  authorityKeyIdExtension,
  crlNumberExtension,
  encodeTbsCertificateList,
  fromHex,
  parseCertificate,
  parseCertificateList,
} from '@proofgate/evidence';
import { expectField, readBack, sameBytes, sameItems } from '../certificates/read-back.ts';
import { CaError } from '../errors.ts';
import { openAuthority, type Authority } from '../issuer/authority.ts';
import type { RevocationReason } from '../journal/journal-entry.ts';
import type { CaIdentity } from './ca-request.ts';

/** A certificate that is not to be trusted any more. */
export interface RevokedSerial {
  /** Content octets in hex. */
  readonly serial: string;
  readonly at: Date;
  readonly reason: RevocationReason;
}

/** What a revocation list says. */
export interface RevocationListOptions {
  readonly issuer: CaIdentity;
  /** Above that of every earlier list of this issuer. */
  readonly number: number;
  readonly revoked: readonly RevokedSerial[];
  /** The current time. */
  readonly at: Date;
  /** Days until the next list at the latest, 1 to 365. */
  readonly days: number;
}

/** RFC 5280, section 5.3.1, CRLReason. */
const REASON_CODES: Readonly<Record<Exclude<RevocationReason, 'unspecified'>, number>> = {
  keyCompromise: 1,
  superseded: 4,
  cessationOfOperation: 5,
};

/** A client refuses an older list: a year is the longest that an offline root may rest. */
const MAX_DAYS = 365;
const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;

/**
 * Makes a certificate revocation list (RFC 5280, section 5), reads it back and compares it with what was asked for.
 *
 * @param options - issuer, number, revoked certificates, validity
 * @returns the list as DER
 * @throws CaError `ERR_CA_VALIDITY`, `ERR_CA_REVALIDATION`, and for an issuer that cannot sign every code of
 *   `loadIssuer` about certificates and keys
 */
export function createRevocationList(options: RevocationListOptions): Uint8Array {
  const { issuer, at } = options;
  const certificate = parseCertificate(issuer.certificate);
  const authority = openAuthority([certificate], issuer.privateKey, at, 0);
  if (certificate.keyUsage?.has('cRLSign') === false) {
    const message = `the key of ${certificate.subject.text} may not sign revocation lists`;
    throw new CaError('ERR_CA_KEY_USAGE', message, { expected: 'cRLSign' });
  }
  const period = listPeriod(options, authority);
  const { scheme } = authority;
  const keyId = certificate.subjectKeyId;
  const tbs = encodeTbsCertificateList({
    signatureAlgorithm: scheme.signatureAlgorithm,
    issuer: certificate.subject.raw,
    ...period,
    revoked: options.revoked.map(({ serial, at: revokedAt, reason }) => ({
      serialNumber: fromHex(serial),
      date: wholeSecond(revokedAt),
      // RFC 5280, section 5.3.1: "unspecified" is said by leaving the reason out.
      ...(reason === 'unspecified' ? {} : { reason: REASON_CODES[reason] }),
    })),
    extensions: [
      ...(keyId === undefined ? [] : [authorityKeyIdExtension(keyId)]),
      crlNumberExtension(BigInt(options.number)),
    ],
  });
  const signature = sign(scheme.hash, tbs, issuer.privateKey);
  const der = assembleSigned(tbs, scheme.signatureAlgorithm, signature);
  revalidate(der, options, period, authority);
  return der;
}

interface Period {
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
}

function listPeriod({ at, days }: RevocationListOptions, { notAfter }: Authority): Period {
  if (!Number.isInteger(days) || days < 1 || days > MAX_DAYS) {
    throw new CaError('ERR_CA_VALIDITY', 'the validity of a revocation list is out of bounds', {
      expected: `whole days from 1 to ${String(MAX_DAYS)}`,
      seen: String(days),
    });
  }
  const thisUpdate = wholeSecond(at);
  const end = Math.min(thisUpdate.getTime() + days * DAY_MS, notAfter.getTime());
  return { thisUpdate, nextUpdate: new Date(end) };
}

function revalidate(
  der: Uint8Array,
  { revoked, number }: RevocationListOptions,
  { thisUpdate, nextUpdate }: Period,
  { certificate, publicKey, scheme }: Authority,
): void {
  readBack(() => {
    const list = parseCertificateList(der);
    expectField('signature', verify(scheme.hash, list.tbs, publicKey, list.signature));
    expectField('issuer', sameBytes(list.issuer.raw, certificate.subject.raw));
    expectField('authority key', sameBytes(list.authorityKeyId, certificate.subjectKeyId));
    expectField('number', list.crlNumber === BigInt(number));
    expectField('thisUpdate', list.thisUpdate.getTime() === thisUpdate.getTime());
    expectField('nextUpdate', list.nextUpdate?.getTime() === nextUpdate.getTime());
    expectField(
      'set of serial numbers',
      sameItems(
        [...list.revoked.keys()],
        revoked.map(({ serial }) => serial),
      ),
    );
  });
}

function wholeSecond(at: Date): Date {
  return new Date(Math.floor(at.getTime() / SECOND_MS) * SECOND_MS);
}
