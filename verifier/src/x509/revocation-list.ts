// SPDX-License-Identifier: Apache-2.0
import {
  type CertificateList,
  EvidenceError,
  type Name,
  parseCertificateList,
  toHex,
} from '@proofgate/evidence';
import { demandBytes, refuse, VerifierError } from '../errors.ts';
import { checkKeyUsage } from './authority.ts';
import { checkCriticalListExtensions } from './extensions.ts';
import { demandIssuer, type Issuer, type PathCertificate } from './issued-by.ts';
import { type TimeWindow, timeWindow } from './time-window.ts';

/** A revocation list that its issuer signed. */
export interface VerifiedRevocationList {
  readonly what: string;
  readonly issuer: Name;
  readonly revoked: CertificateList['revoked'];
  readonly window: TimeWindow;
}

/**
 * Reads a revocation list and authenticates it (RFC 5280, section 6.3.3). Dates are for the caller to check, with
 * the returned window.
 *
 * @param der undefined when it came as text that is not hex
 * @throws VerifierError `ERR_CRL_UNREADABLE`, `ERR_CRL_ISSUER`, `ERR_CRL_SIGNATURE`, `ERR_CRL_INCOMPLETE`,
 * `ERR_CRL_CRITICAL_EXTENSION`, `ERR_CERT_KEY_USAGE`, `ERR_CERT_ALGORITHM`
 */
export async function verifyRevocationList(
  der: Uint8Array | undefined,
  issuer: Issuer,
  what: string,
): Promise<VerifiedRevocationList> {
  const list = readList(der ?? refuse('ERR_CRL_UNREADABLE', what, 'hex'), what);
  demandIssuer('ERR_CRL_ISSUER', what, issuer.certificate.subject, list.issuer);
  checkKeyUsage(issuer.certificate, issuer.what, 'cRLSign');
  if (!(await issuer.key.signed(list, what))) {
    refuse('ERR_CRL_SIGNATURE', what, `signed by ${issuer.what}`);
  }
  checkCriticalListExtensions(list, what);
  return {
    what,
    issuer: list.issuer,
    revoked: list.revoked,
    window: checkCompleteness(list, issuer.certificate, what),
  };
}

/**
 * Demands that a certificate is not on its issuer's list.
 *
 * @throws VerifierError `ERR_CERT_REVOKED`, and `ERR_CRL_ISSUER` when the list is another issuer's
 */
export function checkNotRevoked(
  certificate: PathCertificate,
  list: VerifiedRevocationList,
  what: string,
): void {
  demandIssuer('ERR_CRL_ISSUER', `${list.what}, for ${what},`, certificate.issuer, list.issuer);
  const serial = toHex(certificate.serialNumber);
  const entry = list.revoked.get(serial);
  if (entry === undefined) return;
  const seen = `${serial}, revoked ${entry.date.toISOString()}`;
  refuse('ERR_CERT_REVOKED', what, 'not listed', seen);
}

function readList(der: Uint8Array, what: string): CertificateList {
  try {
    return parseCertificateList(der);
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause;
    const hint = 'an unreadable list is not an empty one';
    throw new VerifierError('ERR_CRL_UNREADABLE', `${what}: ${cause.message}`, { cause, hint });
  }
}

function checkCompleteness(
  list: CertificateList,
  issuer: PathCertificate,
  what: string,
): TimeWindow {
  const { thisUpdate, nextUpdate, crlNumber, authorityKeyId } = list;
  // RFC 5280, sections 5.1.2.5, 5.2.1 and 5.2.3 make all three mandatory.
  if (nextUpdate === undefined || crlNumber === undefined || authorityKeyId === undefined) {
    return refuse('ERR_CRL_INCOMPLETE', what, 'nextUpdate, cRLNumber and authorityKeyIdentifier');
  }
  demandBytes('ERR_CRL_ISSUER', what, issuer.subjectKeyId ?? authorityKeyId, authorityKeyId);
  return timeWindow(what, thisUpdate, nextUpdate, 'ERR_CRL_NOT_YET_VALID', 'ERR_CRL_EXPIRED');
}
