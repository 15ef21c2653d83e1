// SPDX-License-Identifier: Apache-2.0
import { checkAuthority, checkEndEntity, checkKeyUsage } from '../x509/authority.ts';
import { checkCriticalExtensions } from '../x509/extensions.ts';
import { refuse } from '../errors.ts';
import type { PathCertificate } from '../x509/issued-by.ts';

/** The kinds of certificate in Intel's PKI (Intel SGX PCK certificate and CRL profile specification). */
export type DcapRole = 'root' | 'pck-ca' | 'pck' | 'tcb-signer';

interface RoleRule {
  /** How messages call it. */
  readonly what: string;
  /** Ends of the subject's common name, before which Intel writes its own. */
  readonly commonNames: readonly string[];
  /** CAs below it in a path; undefined for end entities. */
  readonly casBelow: number | undefined;
}

const RULES: Readonly<Record<DcapRole, RoleRule>> = {
  root: { what: 'the SGX root CA', commonNames: ['SGX Root CA'], casBelow: 1 },
  'pck-ca': {
    what: 'the PCK CA',
    commonNames: ['SGX PCK Platform CA', 'SGX PCK Processor CA'],
    casBelow: 0,
  },
  pck: {
    what: 'the PCK certificate',
    commonNames: ['SGX PCK Certificate'],
    casBelow: undefined,
  },
  'tcb-signer': {
    what: 'the TCB signing certificate',
    commonNames: ['SGX TCB Signing'],
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
export function checkRole(certificate: PathCertificate, role: DcapRole): void {
  const { what, commonNames, casBelow } = RULES[role];
  const found = certificate.subject.commonName ?? 'no common name';
  // Intel DCAP library, steps 4.1.2.5.4 and 4.1.2.5.5.
  if (!commonNames.some((name) => found.endsWith(name))) {
    refuse('ERR_CERT_ROLE', what, commonNames.join(' or '), found);
  }
  checkCriticalExtensions(certificate, what);
  if (casBelow === undefined) {
    checkEndEntity(certificate, what);
    checkKeyUsage(certificate, what, 'digitalSignature');
  } else {
    checkAuthority(certificate, what, casBelow);
  }
}
