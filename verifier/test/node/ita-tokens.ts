// SPDX-License-Identifier: Apache-2.0
import { toBase64, toHex } from '@proofgate/evidence';
import {
  ITA_ISSUER,
  ITA_JWKS_URL,
  itaKeys,
  itaReportData,
  type ItaTokenOptions,
  verifyItaToken,
} from '@proofgate/verifier/ita';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { refusal } from '../refusal.ts';

const AT = new Date('2026-06-01T12:00:00Z');
export const NOW = AT.getTime() / 1000;
export const JWKS_URL = ITA_JWKS_URL.us;
export const NONCE = {
  val: toBase64(new Uint8Array(32).fill(7)),
  iat: toBase64(new TextEncoder().encode('2026-06-01 11:59:59 +0000 UTC')),
};
const REPORT_DATA = itaReportData(NONCE, new TextEncoder().encode('key of the TD'));
export const MRTD = '0a'.repeat(48);

interface Signer {
  readonly alg: 'PS384' | 'RS256' | 'ES384';
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

async function newSigner(alg: Signer['alg'], kid: string): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { modulusLength: 2048 });
  return { alg, kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg } };
}

export const signer = await newSigner('PS384', 'key-1');
export const legacy = await newSigner('RS256', 'key-2');
export const stranger = await newSigner('PS384', 'key-1');
export const curve = await newSigner('ES384', 'key-3');
export const JWKS = { keys: [signer.jwk, legacy.jwk, curve.jwk] };

const SHARED = {
  iss: ITA_ISSUER,
  iat: NOW - 10,
  nbf: NOW - 10,
  exp: NOW + 290,
  jti: 'one',
  ver: '1.0.0',
  dbgstat: 'disabled',
  policy_ids_matched: [{ id: 'policy-1', version: 'v1', hash: 'aGFzaA==' }, { id: 'policy-2' }],
  verifier_nonce: { ...NONCE, signature: 'c2ln' },
};
const TDX = {
  attester_type: 'TDX',
  attester_tcb_status: 'UpToDate',
  attester_advisory_ids: ['INTEL-SA-00001'],
  tdx_mrtd: MRTD,
  tdx_rtmr0: '00'.repeat(48),
  tdx_rtmr1: '01'.repeat(48),
  tdx_rtmr2: '02'.repeat(48),
  tdx_rtmr3: '03'.repeat(48),
  tdx_report_data: toHex(REPORT_DATA),
  tdx_td_attributes_debug: false,
  tdx_is_debuggable: false,
};

export type Changes = Readonly<Record<string, unknown>>;

interface TokenWish {
  readonly by?: Signer;
  readonly header?: Changes;
  /** Claims beside the TD's, and of the TD; undefined leaves one out. */
  readonly shared?: Changes;
  readonly tdx?: Changes;
  readonly nested?: boolean;
}

/** A token that is sound but for what is wished. */
export async function tokenOf({
  by = signer,
  header,
  shared,
  tdx,
  nested,
}: TokenWish): Promise<string> {
  const td = { ...TDX, ...tdx };
  const claims = { ...SHARED, ...(nested === true ? { tdx: td } : td), ...shared };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: by.alg, kid: by.kid, jku: JWKS_URL, typ: 'JWT', ...header })
    .sign(by.privateKey);
}

/** What a sound token satisfies. */
export const OPTIONS: ItaTokenOptions = {
  keys: itaKeys({ jwksUrl: JWKS_URL, jwks: JWKS }),
  issuer: ITA_ISSUER,
  reportData: REPORT_DATA,
  nonce: NONCE,
  at: AT,
};

/** How such a token is judged: the code of the refusal, or `accepted`. */
export async function outcome(
  wish: TokenWish,
  options: Partial<ItaTokenOptions> = {},
): Promise<string> {
  const token = await tokenOf(wish);
  return refusal(async () => verifyItaToken(token, { ...OPTIONS, ...options }));
}
