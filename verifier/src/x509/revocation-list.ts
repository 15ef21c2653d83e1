// SPDX-License-Identifier: Apache-2.0
import {
  type Certificate,
  type CertificateList,
  equalBytes,
  EvidenceError,
  parseCertificateList,
  toHex,
} from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import { checkKeyUsage } from './authority.ts';
import { checkCriticalListExtensions } from './extensions.ts';
import type { Issuer } from './issued-by.ts';
import { signedBy } from './public-key.ts';
import type { TimeWindow } from './time-window.ts';

/** Intel's largest list has 3 KB, AMD's less; a list of a megabyte is an attack on whoever parses it. */
export const MAX_CRL_SIZE = 1_048_576;

/** A revocation list that its issuer signed. */
export interface VerifiedRevocationList {
  readonly what: string;
  readonly issuerName: Uint8Array;
  readonly revoked: CertificateList['revoked'];
  readonly window: TimeWindow;
}

/**
 * Reads a revocation list and authenticates it (RFC 5280, section 6.3.3). Dates are for the caller to check, with
 * the returned window.
 *
 * @throws VerifierError `ERR_CRL_UNREADABLE`, `ERR_CRL_ISSUER`, `ERR_CRL_SIGNATURE`, `ERR_CRL_INCOMPLETE`,
 * `ERR_CRL_CRITICAL_EXTENSION`, `ERR_CERT_KEY_USAGE`, `ERR_CERT_ALGORITHM`
 */
export async function verifyRevocationList(
  der: Uint8Array,
  issuer: Issuer,
  what: string,
): Promise<VerifiedRevocationList> {
  const list = readList(der, what);
  if (!equalBytes(list.issuer.raw, issuer.certificate.subject.raw)) {
    throw new VerifierError('ERR_CRL_ISSUER', `${what} comes from another issuer`, {
      expected: issuer.certificate.subject.text,
      seen: list.issuer.text,
    });
  }
  checkKeyUsage(issuer.certificate, issuer.what, 'cRLSign');
  if (!(await signedBy(list, issuer.key, what))) {
    throw new VerifierError('ERR_CRL_SIGNATURE', `${what} is not signed by ${issuer.what}`);
  }
  checkCriticalListExtensions(list, what);
  return {
    what,
    issuerName: list.issuer.raw,
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
  certificate: Certificate,
  list: VerifiedRevocationList,
  what: string,
): void {
  if (!equalBytes(certificate.issuer.raw, list.issuerName)) {
    throw new VerifierError('ERR_CRL_ISSUER', `${list.what} does not cover ${what}`, {
      expected: certificate.issuer.text,
      seen: 'the list of another issuer',
    });
  }
  const serial = toHex(certificate.serialNumber);
  const entry = list.revoked.get(serial);
  if (entry === undefined) return;
  throw new VerifierError('ERR_CERT_REVOKED', `${what} is revoked`, {
    expected: 'a certificate that is not on the list',
    seen: `serial ${serial}, revoked ${entry.date.toISOString()}`,
  });
}

function readList(der: Uint8Array, what: string): CertificateList {
  if (der.length === 0 || der.length > MAX_CRL_SIZE) {
    throw new VerifierError('ERR_CRL_UNREADABLE', `${what} is missing or too large`, {
      expected: `1 to ${MAX_CRL_SIZE} bytes`,
      seen: `${der.length} bytes`,
    });
  }
  try {
    return parseCertificateList(der);
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause;
    const details = { cause, hint: 'a list that cannot be read is never taken for an empty one' };
    throw new VerifierError('ERR_CRL_UNREADABLE', `${what}: ${cause.message}`, details);
  }
}

// RFC 5280, sections 5.1.2.5, 5.2.1 and 5.2.3 make all three mandatory.
function checkCompleteness(list: CertificateList, issuer: Certificate, what: string): TimeWindow {
  const { nextUpdate, crlNumber, authorityKeyId } = list;
  if (nextUpdate === undefined || crlNumber === undefined || authorityKeyId === undefined) {
    throw new VerifierError('ERR_CRL_INCOMPLETE', `${what} lacks a mandatory field`, {
      expected: 'nextUpdate, cRLNumber and authorityKeyIdentifier',
    });
  }
  const keyId = issuer.subjectKeyId;
  if (keyId !== undefined && !equalBytes(authorityKeyId, keyId)) {
    throw new VerifierError('ERR_CRL_ISSUER', `${what} names another issuer key`, {
      expected: toHex(keyId),
      seen: toHex(authorityKeyId),
    });
  }
  return {
    what,
    from: list.thisUpdate,
    until: nextUpdate,
    tooEarly: 'ERR_CRL_NOT_YET_VALID',
    tooLate: 'ERR_CRL_EXPIRED',
  };
}
