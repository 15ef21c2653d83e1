// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '@proofgate/evidence';
import { checkAuthority, checkEndEntity, checkKeyUsage } from '../x509/authority.ts';
import { checkCriticalExtensions } from '../x509/extensions.ts';
import { VerifierError } from '../errors.ts';

/** The kinds of certificate in Intel's PKI (Intel SGX PCK certificate and CRL profile specification). */
export type DcapRole = 'root' | 'pck-ca' | 'pck' | 'tcb-signer';

interface RoleRule {
  /** How messages call it. */
  readonly what: string;
  /** What the subject's common name contains. */
  readonly commonName: RegExp;
  /** CAs below it in a path; undefined for end entities. */
  readonly casBelow: number | undefined;
}

const RULES: Readonly<Record<DcapRole, RoleRule>> = {
  root: { what: 'the SGX root CA', commonName: /\bSGX Root CA\b/, casBelow: 1 },
  'pck-ca': {
    what: 'the PCK CA',
    commonName: /\bSGX PCK (?:Platform|Processor) CA\b/,
    casBelow: 0,
  },
  pck: {
    what: 'the PCK certificate',
    commonName: /\bSGX PCK Certificate\b/,
    casBelow: undefined,
  },
  'tcb-signer': {
    what: 'the TCB signing certificate',
    commonName: /\bSGX TCB Signing\b/,
    casBelow: undefined,
  },
};

/** How messages call a certificate of this role. */
export function roleName(role: DcapRole): string {
  return RULES[role].what;
}

/**
 * Demands that a certificate is what its place in the chain says. Without this, a PCK key (which has been extracted
 * from machines before) could sign TCB info or issue further PCKs.
 *
 * @throws VerifierError `ERR_CERT_ROLE`, `ERR_CERT_NOT_A_CA`, `ERR_CERT_IS_A_CA`, `ERR_CERT_KEY_USAGE`,
 * `ERR_CERT_PATH_LENGTH`, `ERR_CERT_CRITICAL_EXTENSION`
 */
export function checkRole(certificate: Certificate, role: DcapRole): void {
  const { what, commonName, casBelow } = RULES[role];
  const found = certificate.subject.commonName;
  // Intel DCAP library, steps 4.1.2.5.4 and 4.1.2.5.5.
  if (found === undefined || !commonName.test(found)) {
    throw new VerifierError('ERR_CERT_ROLE', `${what} is another kind of certificate`, {
      expected: `a common name with ${commonName.source.replaceAll('\\b', '')}`,
      seen: found ?? 'no common name',
    });
  }
  checkCriticalExtensions(certificate, what);
  if (casBelow === undefined) {
    checkEndEntity(certificate, what);
    checkKeyUsage(certificate, what, 'digitalSignature');
  } else {
    checkAuthority(certificate, what, casBelow);
  }
}
