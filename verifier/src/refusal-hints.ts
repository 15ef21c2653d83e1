// SPDX-License-Identifier: Apache-2.0
import type { CodedError } from '@proofgate/evidence';
import { isRejection, type RejectionCode } from './errors.ts';

/** The time is what most often is wrong with what is too old or too new. */
const CLOCK = 'compare the clock of this machine with the time that is named';
const COLLATERAL = 'fetch the collateral anew; if it stays so, ask who runs the collateral service';
const ALTERED = 'it was altered or cut off after it was made, or was never genuine; fetch it again';
const OTHER_CA = 'ask the operator for the certificates, and compare their fingerprints';
const AMD = 'take the chain for this chip and TCB from AMD’s key distribution service';
const LOG = 'fetch the attestation document again; if it stays so, trust nothing of this host';
const TOKEN = 'ask Intel Trust Authority for a new token, with the settings that are expected here';
const UPDATE = 'the machine’s firmware or configuration needs an update by its operator';
const OWN_POLICY =
  'if this is what should run there, name it in the policy; proofgate policy init shows how';
const RELAYED = 'something in between may answer for the host; open a new connection and ask again';

/**
 * What whoever is refused can do, for each code. What throws knows better sometimes, and says so. The table is apart from
 * the errors because pages that verify quotes alone should not have to load it.
 */
export const REFUSAL_HINTS: Readonly<Record<RejectionCode, string>> = {
  ERR_CERT_CHAIN_LENGTH: 'present the leaf, its CAs in order, and no other certificate',
  ERR_CERT_ALGORITHM: 'have the certificate issued again with P-256 or P-384',
  ERR_CERT_SIGNATURE: ALTERED,
  ERR_CERT_ISSUER: 'present the certificates in order, each issued by the one after it',
  ERR_CERT_KEY_ID: OTHER_CA,
  ERR_CERT_NOT_A_CA: OTHER_CA,
  ERR_CERT_IS_A_CA: 'present the certificate of the host, not that of its CA',
  ERR_CERT_PATH_LENGTH: 'have the leaf issued by the CA whose path length allows it',
  ERR_CERT_KEY_USAGE: 'have the certificate issued again, for what it is used for',
  ERR_CERT_CRITICAL_EXTENSION: 'a newer version of this software may know the extension',
  ERR_CERT_NOT_YET_VALID: CLOCK,
  ERR_CERT_EXPIRED: 'fetch a current certificate, and compare the clock of this machine',
  ERR_CERT_REVOKED: 'its issuer has withdrawn it: do not trust this key any more',
  ERR_CERT_ROLE: 'present the chain of the quote, and collateral of the same kind',
  ERR_CERT_ROOT_UNTRUSTED:
    'name the root, if you trust it: --ca for a private PKI, --root for another platform',
  ERR_CERT_NAME_CONSTRAINT: 'have the certificate issued by the CA of its own domain',
  ERR_CERT_HOSTNAME: 'ask for the name that the certificate has, or look who answers for this one',

  ERR_CRL_UNREADABLE: COLLATERAL,
  ERR_CRL_ISSUER: COLLATERAL,
  ERR_CRL_SIGNATURE: COLLATERAL,
  ERR_CRL_INCOMPLETE: COLLATERAL,
  ERR_CRL_CRITICAL_EXTENSION: 'a newer version of this software may know the extension',
  ERR_CRL_NOT_YET_VALID: CLOCK,
  ERR_CRL_EXPIRED: COLLATERAL,

  ERR_DCAP_COLLATERAL_INVALID: COLLATERAL,
  ERR_DCAP_COLLATERAL_SIGNATURE: COLLATERAL,
  ERR_DCAP_COLLATERAL_NOT_YET_VALID: CLOCK,
  ERR_DCAP_COLLATERAL_EXPIRED: COLLATERAL,
  ERR_DCAP_COLLATERAL_MISMATCH: 'fetch the collateral for the FMSPC and CA of this quote',
  ERR_DCAP_QE_SIGNATURE: ALTERED,
  ERR_DCAP_QE_BINDING: ALTERED,
  ERR_DCAP_QE_IDENTITY: 'the machine’s quoting enclave needs an update by its operator',
  ERR_DCAP_QE_VENDOR: 'only the quoting enclave of Intel is known here',
  ERR_DCAP_QUOTE_SIGNATURE: ALTERED,
  ERR_DCAP_TDX_MODULE: 'the machine’s TDX module needs an update by its operator',
  ERR_DCAP_TCB_NOT_SUPPORTED: UPDATE,
  ERR_DCAP_TCB_REVOKED: UPDATE,

  ERR_SNP_ENDORSEMENTS_MISSING: AMD,
  ERR_SNP_SIGNING_KEY: AMD,
  ERR_SNP_EXTENSION: AMD,
  ERR_SNP_TCB_MISMATCH: AMD,
  ERR_SNP_CHIP_MISMATCH: AMD,
  ERR_SNP_SIGNATURE: ALTERED,

  ERR_EVIDENCE_MISSING:
    'is this an attested host, and one that puts its evidence into the certificate?',
  ERR_EVIDENCE_MISMATCH: LOG,
  ERR_BINDING_REPORT_DATA: 'the evidence belongs to another key: trust nothing of this host',
  ERR_BINDING_LIFETIME: 'the operator’s CA issues certificates for longer than it should',
  ERR_EVENT_LOG_REPLAY: LOG,
  ERR_EVENT_LOG_CA: LOG,
  ERR_EVENT_LOG_WORKLOAD: LOG,
  ERR_EVENT_LOG_MANIFEST: LOG,

  ERR_POLICY_TEE: OWN_POLICY,
  ERR_POLICY_ROOT: 'a simulated or foreign platform counts only where the policy names its root',
  ERR_POLICY_DEBUG: 'the host can read what runs there: have it started again without debugging',
  ERR_POLICY_ATTRIBUTES: 'have the machine started again without the attribute',
  ERR_POLICY_SERVICE_TD: OWN_POLICY,
  ERR_POLICY_TCB_STATUS: UPDATE,
  ERR_POLICY_TCB_EVALUATION: COLLATERAL,
  ERR_POLICY_TCB_ADVISORY: UPDATE,
  ERR_POLICY_TCB_MINIMUM: UPDATE,
  ERR_POLICY_MEASUREMENT: OWN_POLICY,
  ERR_POLICY_EXTENSION: OWN_POLICY,
  ERR_POLICY_IMAGE_PROFILE: OWN_POLICY,
  ERR_POLICY_WORKLOAD: OWN_POLICY,
  ERR_POLICY_PLATFORM: OWN_POLICY,
  ERR_POLICY_FRESHNESS: 'ask for evidence anew, for the session if the policy wants that',

  ERR_COLLATERAL_ROLLBACK: 'a service behind a cache may lag; if it stays so, use another one',

  ERR_SESSION_ANSWER: RELAYED,
  ERR_SESSION_CLIENT_REFUSED: 'ask the operator of the host which clients its policy names',
  ERR_BINDING_SESSION: RELAYED,
  ERR_BINDING_SESSION_TIME: CLOCK,

  ERR_ITA_TOKEN: TOKEN,
  ERR_ITA_ALGORITHM: TOKEN,
  ERR_ITA_KEY_URL: 'configure the key set of the region that the token is from',
  ERR_ITA_KEY: 'the key set may have changed: fetch it anew',
  ERR_ITA_SIGNATURE: ALTERED,
  ERR_ITA_ISSUER: TOKEN,
  ERR_ITA_AUDIENCE: TOKEN,
  ERR_ITA_EXPIRED: TOKEN,
  ERR_ITA_NOT_YET_VALID: CLOCK,
  ERR_ITA_CLAIMS: TOKEN,
  ERR_ITA_NONCE: 'an earlier token may have been replayed: ask with a new nonce',
  ERR_ITA_REPORT_DATA: 'the token belongs to another key or session: trust nothing of this host',
  ERR_ITA_DEBUG: 'the host can read what runs there: have it started again without debugging',
  ERR_ITA_TCB_STATUS: UPDATE,
  ERR_ITA_POLICY: 'name the policy in the request for the token',
  ERR_ITA_MEASUREMENT: OWN_POLICY,
};

/** Of evidence that cannot even be read. */
const UNREADABLE = 'the evidence is malformed or cut off; fetch it again, and ask who made it';

/** What to do about a refusal: what it says itself, or else what its code means in general. */
export function hintOf({ code, hint }: Pick<CodedError, 'code' | 'hint'>): string {
  return hint ?? (isRejectionCode(code) ? REFUSAL_HINTS[code] : UNREADABLE);
}

/**
 * Does something, and sees to it that a refusal has a hint.
 *
 * @throws what `work` throws
 */
export async function hinted<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw isRejection(error) ? Object.assign(error, { hint: hintOf(error) }) : error;
  }
}

function isRejectionCode(code: string): code is RejectionCode {
  return Object.hasOwn(REFUSAL_HINTS, code);
}
