// SPDX-License-Identifier: Apache-2.0
import { equalBytes, X509_EXTENSION, type Certificate } from '@proofgate/evidence';
import { opensslCertificate } from '../certificates/openssl-certificate.ts';
import { CaError } from '../errors.ts';

/** The critical extensions that the checks below, the name constraints and the leaf's purpose take into account. */
const UNDERSTOOD: ReadonlySet<string> = new Set<string>([
  X509_EXTENSION.basicConstraints,
  X509_EXTENSION.keyUsage,
  X509_EXTENSION.extKeyUsage,
  X509_EXTENSION.nameConstraints,
]);

/**
 * Refuses a chain of CA certificates from which nothing valid can be issued.
 *
 * @param chain - the issuing CA, then each one that signed the one before it
 * @param at - the current time
 * @param authoritiesBelow - how many CA certificates will stand between the issuing CA and a leaf
 * @throws CaError `ERR_CA_NOT_A_CA`, `ERR_CA_KEY_USAGE`, `ERR_CA_CRITICAL_EXTENSION`, `ERR_CA_CONSTRAINTS`,
 *   `ERR_CA_NOT_YET_VALID`, `ERR_CA_EXPIRED`, `ERR_CA_PATH_LENGTH`, `ERR_CA_CHAIN_BROKEN`
 */
export function checkChain(
  chain: readonly Certificate[],
  at: Date,
  authoritiesBelow: number,
): void {
  for (const [index, certificate] of chain.entries()) {
    checkMaySign(certificate);
    checkExtensions(certificate);
    checkConstraints(certificate);
    checkTime(certificate, at);
    checkPathLength(certificate, authoritiesBelow + index);
    const issuer = chain[index + 1];
    if (issuer !== undefined) checkSignedBy(certificate, issuer);
  }
}

/**
 * Whether a certificate is signed with its own key, as a root is.
 *
 * @param certificate - what to check
 */
export function isSelfSigned(certificate: Certificate): boolean {
  if (!equalBytes(certificate.issuer.raw, certificate.subject.raw)) return false;
  const own = opensslCertificate(certificate.raw);
  return own.verify(own.publicKey);
}

/** RFC 5280, section 6.1.4 (k) and (n). */
function checkMaySign({ basicConstraints, keyUsage, subject }: Certificate): void {
  if (basicConstraints?.ca !== true) {
    throw new CaError('ERR_CA_NOT_A_CA', `${subject.text} is not a CA certificate`, {
      expected: 'basicConstraints with CA true',
      seen: basicConstraints === undefined ? 'no basicConstraints' : 'CA false',
      hint: 'the file must hold the issuing CA first, then the CAs above it, and no leaf',
    });
  }
  // A certificate without the extension allows every usage.
  if (keyUsage !== undefined && !keyUsage.has('keyCertSign')) {
    throw new CaError('ERR_CA_KEY_USAGE', `the key of ${subject.text} may not sign certificates`, {
      expected: 'keyCertSign',
      seen: [...keyUsage].join(', '),
    });
  }
}

/** RFC 5280, section 6.1.4 (o). */
function checkExtensions({ extensions, subject }: Certificate): void {
  for (const [oid, { critical }] of extensions) {
    if (critical && !UNDERSTOOD.has(oid)) {
      throw new CaError('ERR_CA_CRITICAL_EXTENSION', `${subject.text} has a critical ${oid}`, {
        expected: `critical extensions among ${[...UNDERSTOOD].join(', ')}`,
        seen: oid,
      });
    }
  }
}

/** RFC 5280, section 4.2.1.10: a constraint that cannot be processed makes the certificate unusable. */
function checkConstraints({ nameConstraints, subject }: Certificate): void {
  const { permitted, excluded } = nameConstraints ?? {};
  const others = (permitted?.others ?? 0) + (excluded?.others ?? 0);
  if (others > 0) {
    throw new CaError('ERR_CA_CONSTRAINTS', `${subject.text} limits names of other kinds`, {
      expected: 'name constraints on host names and IP addresses alone',
      seen: `${String(others)} subtrees of other kinds`,
    });
  }
}

function checkTime({ notBefore, notAfter, subject }: Certificate, at: Date): void {
  // Not `<`: an invalid date, which compares as neither, must not pass.
  if (!(at >= notBefore)) {
    throw new CaError('ERR_CA_NOT_YET_VALID', `${subject.text} is not valid yet`, {
      expected: `a time from ${notBefore.toISOString()}`,
      seen: at.toISOString(),
      hint: 'check the clock',
    });
  }
  // RFC 5280, section 4.1.2.5: notAfter itself is still inside.
  if (at > notAfter) {
    throw new CaError('ERR_CA_EXPIRED', `${subject.text} has expired`, {
      expected: `a time up to ${notAfter.toISOString()}`,
      seen: at.toISOString(),
      hint: 'make a new one with `proofgate ca intermediary`, or check the clock',
    });
  }
}

/** RFC 5280, section 4.2.1.9: pathLen counts the CA certificates that may stand between this one and a leaf. */
function checkPathLength({ basicConstraints, subject }: Certificate, below: number): void {
  const limit = basicConstraints?.pathLength;
  if (limit !== undefined && limit < below) {
    throw new CaError('ERR_CA_PATH_LENGTH', `${subject.text} allows too few CAs below it`, {
      expected: `a path length of at least ${String(below)}, or none`,
      seen: String(limit),
    });
  }
}

function checkSignedBy(certificate: Certificate, issuer: Certificate): void {
  const named = equalBytes(certificate.issuer.raw, issuer.subject.raw);
  const key = opensslCertificate(issuer.raw).publicKey;
  if (!named || !opensslCertificate(certificate.raw).verify(key)) {
    const { text } = certificate.subject;
    throw new CaError('ERR_CA_CHAIN_BROKEN', `${text} is not signed by the certificate after it`, {
      expected: certificate.issuer.text,
      seen: issuer.subject.text,
      hint: 'put the issuing CA first, then the CA that signed it, and so on',
    });
  }
}
