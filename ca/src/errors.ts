// SPDX-License-Identifier: Apache-2.0
import { CodedError, type ErrorDetails } from '@proofgate/evidence';

/** Every code that this package can throw. */
export const CA_ERRORS = {
  ERR_CA_CERTIFICATE_UNREADABLE: [
    'rejected',
    'the CA certificate file holds no readable X.509 certificate',
  ],
  ERR_CA_CHAIN_BROKEN: [
    'rejected',
    'a certificate in the CA file is not signed by the one that follows it',
  ],
  ERR_CA_NOT_A_CA: ['rejected', 'a certificate that should sign others is not marked as a CA'],
  ERR_CA_KEY_USAGE: [
    'rejected',
    'the usages of a CA certificate do not allow what is to be issued',
  ],
  ERR_CA_CRITICAL_EXTENSION: [
    'rejected',
    'a CA certificate has a critical extension that is not understood',
  ],
  ERR_CA_CONSTRAINTS: [
    'rejected',
    'a CA certificate limits names of a kind that cannot be checked',
  ],
  ERR_CA_EXPIRED: ['rejected', 'a CA certificate has expired'],
  ERR_CA_NOT_YET_VALID: ['rejected', 'a CA certificate is not valid yet'],
  ERR_CA_PATH_LENGTH: [
    'rejected',
    'a path length limit forbids the CA certificates that stand below it',
  ],
  ERR_CA_KEY_UNREADABLE: ['rejected', 'the private key file holds no readable private key'],
  ERR_CA_KEY_UNSUPPORTED: ['rejected', 'a CA key is neither ECDSA P-256 nor P-384'],
  ERR_CA_KEY_MISMATCH: ['rejected', 'the private key does not belong to the CA certificate'],
  ERR_CA_PASSPHRASE_MISSING: ['rejected', 'the private key is encrypted and no passphrase came'],
  ERR_CA_PASSPHRASE_WRONG: ['rejected', 'the passphrase does not open the private key'],
  ERR_CA_PASSPHRASE_WEAK: ['rejected', 'a passphrase for a new key file is too short'],
  ERR_CA_NAME_INVALID: ['rejected', 'a host name, domain or IP address is not well formed'],
  ERR_CA_NAME_NOT_PERMITTED: [
    'rejected',
    'the name constraints of the CA do not cover a requested name',
  ],
  ERR_CA_VALIDITY: ['rejected', 'the requested validity is outside what the profile allows'],
  ERR_CA_ISSUER_EXPIRES_SOON: [
    'rejected',
    'the CA certificate expires before a leaf could reach its shortest lifetime',
  ],
  ERR_CA_LEAF_KEY: ['rejected', 'the key of a requested leaf is not an uncompressed P-256 key'],
  ERR_CA_EXTENSION_NOT_PERMITTED: [
    'rejected',
    'a requested extension is not on the list of the leaf profile',
  ],
  ERR_CA_EXTENSION_DUPLICATE: ['rejected', 'a requested extension is there twice'],
  ERR_CA_EXTENSION_VALUE: ['rejected', 'the value of a requested extension is not allowed'],
  ERR_CA_CHAIN_TOO_LARGE: ['rejected', 'leaf and chain together exceed what clients accept'],
  ERR_CA_JOURNAL_INVALID: [
    'rejected',
    'the journal of the CA was changed after it was written, or tells a history that cannot be',
  ],
  ERR_CA_JOURNAL_FAILED: [
    'unavailable',
    'the journal of the CA cannot be written, so nothing was released',
  ],
  ERR_CA_LOCKED: ['unavailable', 'another process is at work in the directory of the CA'],
  ERR_CA_REQUEST_INVALID: [
    'rejected',
    'a certificate request is malformed, or not signed by the key that it names',
  ],
  ERR_CA_NOT_ISSUED: ['rejected', 'a serial number is not one that this CA has issued'],
  ERR_CA_ALREADY_REVOKED: ['rejected', 'the certificate is revoked already'],
  ERR_CA_ROTATION: ['rejected', 'a step of a rotation that is not the next one'],
  ERR_CA_PKCS12: ['rejected', 'the PKCS#12 file cannot be read, or holds no key with certificate'],
  ERR_CA_NONCE: [
    'rejected',
    'the nonce of an enrolment is unknown, was used before or has expired',
  ],
  ERR_CA_BUSY: [
    'unavailable',
    'the CA has as many enrolments under way as it takes, or has issued as many for this host today',
  ],
  ERR_CA_HOST_NOT_ENROLLED: ['rejected', 'no rule of the CA allows an enrolment for the host'],
  ERR_CA_EVIDENCE_BINDING: [
    'rejected',
    'evidence is genuine, but was made for another request, key, host, purpose or nonce',
  ],
  ERR_CA_ENROLMENT_INVALID: ['rejected', 'an enrolment request or answer is malformed'],
  ERR_CA_ENROLMENT_REFUSED: ['rejected', 'the CA refused to enrol this machine; it says why'],
  ERR_CA_SERVICE_REFUSED: [
    'rejected',
    'the enrolment service does not prove what this machine demands of it',
  ],
  ERR_CA_ENROLMENT_UNAVAILABLE: ['unavailable', 'the CA cannot be reached or cannot answer now'],
  ERR_CA_KEY_STORE: ['rejected', 'a kept key cannot be opened, or its name is malformed'],
  ERR_CA_REVALIDATION: [
    'rejected',
    'the finished certificate is not what was asked for and was not released',
  ],
} as const;

/** A code of {@link CaError}. */
export type CaErrorCode = keyof typeof CA_ERRORS;

/** Something that this CA refuses to use, sign or release. */
export class CaError extends CodedError<CaErrorCode> {
  constructor(code: CaErrorCode, message: string, details?: ErrorDetails) {
    super(code, CA_ERRORS[code][0], message, details);
  }
}
