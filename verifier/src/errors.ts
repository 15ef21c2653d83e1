// SPDX-License-Identifier: Apache-2.0
import {
  CodedError,
  equalBytes,
  type ErrorDetails,
  type ErrorFamily,
  toHex,
} from '@proofgate/evidence';

/**
 * Every code that this package can throw. `ERR_POLICY_*` of family `rejected` means that genuine evidence is not
 * allowed; every other `rejected` code means that the evidence itself does not hold.
 */
export const VERIFIER_ERRORS = {
  // Calling us wrongly.
  ERR_VERIFIER_ARGUMENT: ['misuse', 'an argument of a verifier function is not usable'],
  ERR_VERIFIER_NO_WEBCRYPTO: ['misuse', 'this environment has no WebCrypto (crypto.subtle)'],

  // X.509 certificates and paths.
  ERR_CERT_CHAIN_LENGTH: ['rejected', 'a certificate chain has the wrong number of certificates'],
  ERR_CERT_ALGORITHM: ['rejected', 'a key or signature algorithm is not supported'],
  ERR_CERT_SIGNATURE: ['rejected', 'the signature on a certificate is wrong'],
  ERR_CERT_ISSUER: ['rejected', 'a certificate names another issuer than the one presented'],
  ERR_CERT_KEY_ID: ['rejected', 'authority and subject key identifiers do not match'],
  ERR_CERT_NOT_A_CA: ['rejected', 'a certificate that is not a CA issued another certificate'],
  ERR_CERT_IS_A_CA: ['rejected', 'an end-entity certificate claims to be a CA'],
  ERR_CERT_PATH_LENGTH: ['rejected', 'a CA certificate stands above more CAs than it may'],
  ERR_CERT_KEY_USAGE: ['rejected', 'a key is used for something its certificate does not allow'],
  ERR_CERT_CRITICAL_EXTENSION: [
    'rejected',
    'a certificate has a critical extension we do not know',
  ],
  ERR_CERT_NOT_YET_VALID: [
    'rejected',
    'a certificate is not valid yet at the time of verification',
  ],
  ERR_CERT_EXPIRED: ['rejected', 'a certificate has expired at the time of verification'],
  ERR_CERT_REVOKED: ['rejected', 'a certificate is on its issuer’s revocation list'],
  ERR_CERT_ROLE: ['rejected', 'a certificate stands in for a role that it does not have'],
  ERR_CERT_ROOT_UNTRUSTED: ['rejected', 'the chain ends at a root that was not named as trusted'],
  ERR_CERT_NAME_CONSTRAINT: ['rejected', 'a name lies outside what a CA above it may issue'],
  ERR_CERT_HOSTNAME: ['rejected', 'the certificate is for another host name'],

  // Certificate revocation lists.
  ERR_CRL_UNREADABLE: ['rejected', 'a revocation list is missing or cannot be parsed'],
  ERR_CRL_ISSUER: ['rejected', 'a revocation list comes from another issuer'],
  ERR_CRL_SIGNATURE: ['rejected', 'the signature on a revocation list is wrong'],
  ERR_CRL_INCOMPLETE: [
    'rejected',
    'a revocation list lacks its number, issuer key id or next update',
  ],
  ERR_CRL_CRITICAL_EXTENSION: [
    'rejected',
    'a revocation list has a critical extension we do not know',
  ],
  ERR_CRL_NOT_YET_VALID: ['rejected', 'a revocation list is from the future'],
  ERR_CRL_EXPIRED: ['rejected', 'a revocation list is past its next update'],

  // Intel DCAP: collateral and quotes.
  ERR_DCAP_COLLATERAL_INVALID: [
    'rejected',
    'TCB info or QE identity is not a document we can read',
  ],
  ERR_DCAP_COLLATERAL_SIGNATURE: [
    'rejected',
    'TCB info or QE identity is not signed by its signer',
  ],
  ERR_DCAP_COLLATERAL_NOT_YET_VALID: ['rejected', 'TCB info or QE identity is from the future'],
  ERR_DCAP_COLLATERAL_EXPIRED: ['rejected', 'TCB info or QE identity is past its next update'],
  ERR_DCAP_COLLATERAL_MISMATCH: ['rejected', 'the collateral describes another kind of platform'],
  ERR_DCAP_QE_SIGNATURE: ['rejected', 'the quoting enclave’s report is not signed by the PCK'],
  ERR_DCAP_QE_BINDING: [
    'rejected',
    'the quoting enclave’s report does not cover the attestation key',
  ],
  ERR_DCAP_QE_IDENTITY: ['rejected', 'the quoting enclave is not the one that Intel names'],
  ERR_DCAP_QE_VENDOR: ['rejected', 'the quoting enclave is from an unknown vendor'],
  ERR_DCAP_QUOTE_SIGNATURE: ['rejected', 'the quote’s signature is wrong'],
  ERR_DCAP_TDX_MODULE: ['rejected', 'the TDX module is not one that Intel names'],
  ERR_DCAP_TCB_NOT_SUPPORTED: ['rejected', 'no TCB level of the collateral covers this platform'],
  ERR_DCAP_TCB_REVOKED: ['rejected', 'Intel has revoked this TCB level'],

  // AMD SEV-SNP.
  ERR_SNP_ENDORSEMENTS_MISSING: ['rejected', 'an SNP report came without its VCEK or VLEK chain'],
  ERR_SNP_SIGNING_KEY: [
    'rejected',
    'an SNP report names another kind of signing key than its certificate',
  ],
  ERR_SNP_EXTENSION: ['rejected', 'a VCEK or VLEK extension is missing or malformed'],
  ERR_SNP_TCB_MISMATCH: ['rejected', 'the report’s TCB differs from the one in the VCEK or VLEK'],
  ERR_SNP_CHIP_MISMATCH: ['rejected', 'the report is from another chip than the VCEK'],
  ERR_SNP_SIGNATURE: ['rejected', 'the SNP report’s signature is wrong'],

  // What the evidence is about.
  ERR_EVIDENCE_MISSING: ['rejected', 'the certificate carries no attestation evidence'],
  ERR_EVIDENCE_MISMATCH: ['rejected', 'two parts of the evidence contradict each other'],
  ERR_BINDING_REPORT_DATA: ['rejected', 'the evidence was made for another key or another time'],
  ERR_BINDING_LIFETIME: ['rejected', 'the certificate lives longer than attested leaves may'],
  ERR_EVENT_LOG_REPLAY: ['rejected', 'the event log does not replay to the measured register'],
  ERR_EVENT_LOG_CA: ['rejected', 'the certificate was issued by another CA than the measured one'],
  ERR_EVENT_LOG_WORKLOAD: [
    'rejected',
    'the certificate’s workload is not the one in the event log',
  ],
  ERR_EVENT_LOG_MANIFEST: ['rejected', 'a configuration manifest does not match its measured root'],

  // Policy: the file, then the decisions.
  ERR_POLICY_INVALID: ['misuse', 'the policy file cannot be used'],
  ERR_POLICY_EMPTY: ['misuse', 'the policy names nothing that is acceptable'],
  ERR_POLICY_TEE: ['rejected', 'the policy does not accept this kind of TEE'],
  ERR_POLICY_ROOT: ['rejected', 'the policy does not accept this trust anchor'],
  ERR_POLICY_DEBUG: ['rejected', 'the TEE is open to its host for debugging'],
  ERR_POLICY_ATTRIBUTES: ['rejected', 'an attribute of the TEE weakens its isolation'],
  ERR_POLICY_SERVICE_TD: [
    'rejected',
    'a service TD is bound to the TD that the policy does not name',
  ],
  ERR_POLICY_TCB_STATUS: ['rejected', 'the policy does not accept this TCB status'],
  ERR_POLICY_TCB_EVALUATION: ['rejected', 'the collateral is older than the policy accepts'],
  ERR_POLICY_TCB_ADVISORY: [
    'rejected',
    'an advisory that the policy denies applies to the platform',
  ],
  ERR_POLICY_TCB_MINIMUM: ['rejected', 'SNP firmware is older than the policy accepts'],
  ERR_POLICY_MEASUREMENT: ['rejected', 'no measurement set of the policy matches'],
  ERR_POLICY_EXTENSION: ['rejected', 'a certificate extension differs from the policy'],
  ERR_POLICY_IMAGE_PROFILE: ['rejected', 'the policy does not accept this image profile'],
  ERR_POLICY_WORKLOAD: ['rejected', 'what runs in the TEE is not what the policy names'],
  ERR_POLICY_PLATFORM: ['rejected', 'the policy does not accept this machine'],
  ERR_POLICY_FRESHNESS: ['rejected', 'the evidence is not as fresh as the policy wants'],

  // Getting things over the network.
  ERR_COLLATERAL_UNAVAILABLE: ['unavailable', 'collateral could not be fetched or read'],
  ERR_COLLATERAL_ROLLBACK: [
    'rejected',
    'the collateral service answered with older data than before',
  ],
  ERR_CONNECT_UNAVAILABLE: ['unavailable', 'the host could not be reached over TLS 1.3'],
  ERR_CONNECT_TIMEOUT: ['unavailable', 'the host did not answer in time'],
  ERR_CONNECT_DOCUMENT: ['unavailable', 'the host’s attestation document could not be fetched'],
  ERR_CONNECT_PROTOCOL: ['unavailable', 'the host does not speak the protocol of the connector'],
  ERR_CONNECT_INSECURE: [
    'misuse',
    'an attested connection was asked for to an address without TLS',
  ],

  // Evidence for one TLS session (RA-TLS v2).
  ERR_SESSION_UNAVAILABLE: ['unavailable', 'the host makes no evidence for a TLS session'],
  ERR_SESSION_ANSWER: ['rejected', 'the host’s answer to a session challenge cannot be used'],
  ERR_SESSION_CLIENT_EVIDENCE: [
    'unavailable',
    'the host wants evidence of its client, which we cannot give',
  ],
  ERR_SESSION_CLIENT_REFUSED: ['rejected', 'the host refuses the evidence of its client'],
  ERR_BINDING_SESSION: ['rejected', 'the evidence was made for another TLS session'],
  ERR_BINDING_SESSION_TIME: [
    'rejected',
    'the evidence for many TLS sessions was not made when it was asked for',
  ],

  // Tokens of Intel Trust Authority.
  ERR_ITA_TOKEN: ['rejected', 'the token is not a JWT that we can read'],
  ERR_ITA_ALGORITHM: ['rejected', 'the token is signed with another algorithm than PS384 or RS256'],
  ERR_ITA_KEY_URL: ['rejected', 'the token names another key set than the configured one'],
  ERR_ITA_KEY: ['rejected', 'the token is not signed with a key of the key set'],
  ERR_ITA_KEYS_UNAVAILABLE: ['unavailable', 'the key set could not be fetched or read'],
  ERR_ITA_SIGNATURE: ['rejected', 'the signature on the token is wrong'],
  ERR_ITA_ISSUER: ['rejected', 'the token is from another issuer'],
  ERR_ITA_AUDIENCE: ['rejected', 'the token is for another audience'],
  ERR_ITA_EXPIRED: ['rejected', 'the token has expired at the time of verification'],
  ERR_ITA_NOT_YET_VALID: ['rejected', 'the token is not valid yet at the time of verification'],
  ERR_ITA_CLAIMS: ['rejected', 'a claim of the token is missing, malformed or contradicts another'],
  ERR_ITA_NONCE: ['rejected', 'the token was made for another nonce'],
  ERR_ITA_REPORT_DATA: ['rejected', 'the token is about evidence for another key or session'],
  ERR_ITA_DEBUG: ['rejected', 'the token is about a TD that is open to its host for debugging'],
  ERR_ITA_TCB_STATUS: ['rejected', 'the token’s TCB status is not accepted'],
  ERR_ITA_POLICY: ['rejected', 'the token does not match a policy that is required'],
  ERR_ITA_MEASUREMENT: ['rejected', 'no accepted measurement set matches the token'],
} as const;

/** A code of {@link VerifierError}. */
export type VerifierErrorCode = keyof typeof VERIFIER_ERRORS;

/** Codes of one family. */
type CodeOf<Family extends ErrorFamily> = {
  [Code in VerifierErrorCode]: (typeof VERIFIER_ERRORS)[Code][0] extends Family ? Code : never;
}[VerifierErrorCode];

/** A code that says that something was refused. */
export type RejectionCode = CodeOf<'rejected'>;

/** Evidence that does not hold, that a policy refuses, or that could not be obtained. */
export class VerifierError extends CodedError<VerifierErrorCode> {
  // In full: a bundler renames the class.
  override readonly name = 'VerifierError';

  // Whoever throws names the family, unless it is `rejected`, and the compiler compares it with the table: its sentences
  // are for documentation, and a bundle for browsers should not carry them.
  constructor(code: RejectionCode, message: string, details?: ErrorDetails);
  constructor(code: CodeOf<'misuse'>, message: string, details: ErrorDetails, family: 'misuse');
  constructor(
    code: CodeOf<'unavailable'>,
    message: string,
    details: ErrorDetails,
    family: 'unavailable',
  );
  constructor(
    code: VerifierErrorCode,
    message: string,
    details?: ErrorDetails,
    family: ErrorFamily = 'rejected',
  ) {
    super(code, family, message, details);
  }
}

/**
 * Refuses something.
 *
 * @param what it is, beginning with an article
 */
export function refuse(
  code: RejectionCode,
  what: string,
  expected: string,
  seen?: string,
  hint?: string,
): never {
  throw new VerifierError(code, `${what} is refused`, { expected, seen, hint });
}

/** Demands that bytes are the expected ones. */
export function demandBytes(
  code: RejectionCode,
  what: string,
  expected: Uint8Array,
  seen: Uint8Array,
  hint?: string,
): void {
  if (!equalBytes(expected, seen)) refuse(code, what, toHex(expected), toHex(seen), hint);
}

/** Who refused, or why there is no verdict. */
export type Outcome = 'evidence-refused' | 'policy-refused' | 'unavailable' | 'misuse' | 'internal';

/**
 * Sorts an error into what its reader has to do about it.
 *
 * @param error anything that was thrown by this package or by `@proofgate/evidence`
 * @returns `internal` for everything that is not one of our errors
 */
export function outcomeOf(error: unknown): Outcome {
  if (!isCoded(error)) return 'internal';
  if (error.family !== 'rejected') return error.family;
  return error.code.startsWith('ERR_POLICY_') ? 'policy-refused' : 'evidence-refused';
}

/** Whether an error is a refusal of what somebody else supplied. */
export function isRejection(error: unknown): error is CodedError {
  return isCoded(error) && error.family === 'rejected';
}

function isCoded(error: unknown): error is CodedError {
  return error instanceof CodedError;
}
