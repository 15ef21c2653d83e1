// SPDX-License-Identifier: Apache-2.0
import { sha512, toBase64, toHex } from '@proofgate/evidence';
import type { MeasurementSet } from '@proofgate/verifier';
import {
  ITA_JWKS_URL,
  itaKeys,
  itaReportData,
  type ItaTokenOptions,
  verifyItaToken,
} from '@proofgate/verifier/ita';
import { describe, expect, it } from 'vitest';
import { refusal } from '../refusal.ts';
import {
  type Changes,
  curve,
  JWKS_URL,
  legacy,
  MRTD,
  NONCE,
  NOW,
  OPTIONS,
  outcome,
  signer,
  stranger,
  tokenOf,
} from './ita-tokens.ts';

describe('a token of Intel Trust Authority', () => {
  it.each([false, true])('says what it is about (nested: %s)', async (nested) => {
    const claims = await verifyItaToken(await tokenOf({ nested }), OPTIONS);
    expect(claims).toMatchObject({
      tcb: { status: 'UpToDate', advisories: ['INTEL-SA-00001'] },
      debug: false,
      matchedPolicies: [{ id: 'policy-1', hash: 'aGFzaA==' }, { id: 'policy-2' }],
      issuedAt: new Date((NOW - 10) * 1000),
      expiresAt: new Date((NOW + 290) * 1000),
    });
    expect(claims.measurements.get('mrtd')).toBe(MRTD);
    expect(claims.measurements.get('rtmr3')).toBe('03'.repeat(48));
    expect(claims.payload['jti']).toBe('one');
  });

  it('is signed with PS384 or RS256 by a key of the set', async () => {
    expect(await outcome({})).toBe('accepted');
    expect(await outcome({ by: legacy })).toBe('accepted');
    expect(await outcome({ by: curve })).toBe('ERR_ITA_ALGORITHM');
    expect(await outcome({ by: stranger })).toBe('ERR_ITA_SIGNATURE');
    expect(await outcome({ by: { ...signer, kid: 'key-9' } })).toBe('ERR_ITA_KEY');
    // The right kid for another algorithm is another key.
    expect(await outcome({ by: { ...signer, kid: 'key-2' } })).toBe('ERR_ITA_KEY');
    expect(await outcome({ header: { kid: undefined } })).toBe('ERR_ITA_KEY');
    expect(await outcome({ header: { typ: 'at+jwt' } })).toBe('ERR_ITA_TOKEN');
    const [, payload = ''] = (await tokenOf({})).split('.');
    const none = `${Buffer.from('{"alg":"none","kid":"key-1"}').toString('base64url')}.${payload}.`;
    expect(await refusal(async () => verifyItaToken(none, OPTIONS))).toBe('ERR_ITA_ALGORITHM');
  });

  it('is refused when two keys have its name', async () => {
    const keys = itaKeys({ jwksUrl: JWKS_URL, jwks: { keys: [signer.jwk, stranger.jwk] } });
    expect(await outcome({}, { keys })).toBe('ERR_ITA_KEY');
  });

  it('names the configured key set', async () => {
    expect(await outcome({ header: { jku: ITA_JWKS_URL.eu } })).toBe('ERR_ITA_KEY_URL');
    expect(await outcome({ header: { jku: `${JWKS_URL}/` } })).toBe('ERR_ITA_KEY_URL');
    expect(await outcome({ header: { jku: undefined } })).toBe('ERR_ITA_KEY_URL');
  });

  it('has to be a token, and not too long', async () => {
    for (const text of ['', 'a.b.c', 'no token', '{}']) {
      expect(await refusal(async () => verifyItaToken(text, OPTIONS))).toBe('ERR_ITA_TOKEN');
    }
    const token = await tokenOf({});
    const cut = token.slice(0, -4);
    expect(await refusal(async () => verifyItaToken(cut, OPTIONS))).toBe('ERR_ITA_SIGNATURE');
    expect(await outcome({ shared: { more: 'x'.repeat(30_000) } })).toBe('accepted');
    expect(await outcome({ shared: { more: 'x'.repeat(60_000) } })).toBe('ERR_ITA_TOKEN');
  });

  it('is from the issuer, for the audience', async () => {
    expect(await outcome({ shared: { iss: 'Trust Authority' } })).toBe('ERR_ITA_ISSUER');
    expect(await outcome({}, { issuer: 'Trust Authority' })).toBe('ERR_ITA_ISSUER');
    expect(await outcome({ shared: { aud: 'us' } })).toBe('ERR_ITA_AUDIENCE');
    expect(await outcome({ shared: { aud: 'us' } }, { audience: 'us' })).toBe('accepted');
    expect(await outcome({ shared: { aud: 'them' } }, { audience: 'us' })).toBe('ERR_ITA_AUDIENCE');
    expect(await outcome({}, { audience: 'us' })).toBe('ERR_ITA_CLAIMS');
  });

  it('is used in its time, with a minute of tolerance', async () => {
    const until = async (exp: number) => outcome({ shared: { exp } });
    expect([await until(NOW - 59), await until(NOW - 60)]).toEqual(['accepted', 'ERR_ITA_EXPIRED']);
    const from = async (nbf: number) => outcome({ shared: { nbf } });
    expect([await from(NOW + 60), await from(NOW + 61)]).toEqual([
      'accepted',
      'ERR_ITA_NOT_YET_VALID',
    ]);
    const issued = async (iat: number) => outcome({ shared: { iat } });
    expect([await issued(NOW + 60), await issued(NOW + 61)]).toEqual([
      'accepted',
      'ERR_ITA_NOT_YET_VALID',
    ]);
    for (const name of ['iss', 'exp', 'nbf', 'iat']) {
      expect(await outcome({ shared: { [name]: undefined } })).toBe('ERR_ITA_CLAIMS');
    }
  });

  it('is about the evidence that was asked for', async () => {
    const other = sha512(new Uint8Array());
    expect(await outcome({}, { reportData: other })).toBe('ERR_ITA_REPORT_DATA');
    expect(await outcome({ tdx: { tdx_report_data: toHex(other) } })).toBe('ERR_ITA_REPORT_DATA');
    const otherNonce = { ...NONCE, val: toBase64(new Uint8Array(32)) };
    expect(await outcome({ shared: { verifier_nonce: otherNonce } })).toBe('ERR_ITA_NONCE');
    expect(await outcome({ shared: { verifier_nonce: undefined } })).toBe('ERR_ITA_NONCE');
    const { nonce: _nonce, ...withoutNonce } = OPTIONS;
    const token = await tokenOf({ shared: { verifier_nonce: undefined } });
    expect(await refusal(async () => verifyItaToken(token, withoutNonce))).toBe('accepted');
    expect(await refusal(() => itaReportData({ ...NONCE, val: '?' }, other))).toBe(
      'ERR_VERIFIER_ARGUMENT',
    );
  });

  it('is about a TD that its host cannot look into', async () => {
    for (const nested of [false, true]) {
      const debug = async (tdx: Changes) => outcome({ nested, tdx });
      expect(await debug({ tdx_is_debuggable: true })).toBe('ERR_ITA_DEBUG');
      expect(await debug({ tdx_td_attributes_debug: true })).toBe('ERR_ITA_DEBUG');
      expect(await debug({ tdx_td_attributes_debug: undefined })).toBe('accepted');
      expect(await debug({ tdx_is_debuggable: undefined })).toBe('ERR_ITA_CLAIMS');
      expect(await debug({ tdx_is_debuggable: 'false' })).toBe('ERR_ITA_CLAIMS');
    }
    expect(await outcome({ shared: { dbgstat: 'enabled' } })).toBe('ERR_ITA_CLAIMS');
  });

  it('has a TCB status that is accepted', async () => {
    const tdx = { attester_tcb_status: 'SWHardeningNeeded' };
    expect(await outcome({ tdx })).toBe('ERR_ITA_TCB_STATUS');
    expect(await outcome({ tdx }, { tcbStatuses: ['UpToDate', 'SWHardeningNeeded'] })).toBe(
      'accepted',
    );
    expect(await outcome({}, { tcbStatuses: [] })).toBe('ERR_ITA_TCB_STATUS');
  });

  it('matches the policies that are required', async () => {
    const required = async (...policies: NonNullable<ItaTokenOptions['policies']>) =>
      outcome({}, { policies });
    expect(await required({ id: 'policy-1' }, { id: 'policy-2' })).toBe('accepted');
    expect(await required({ id: 'policy-1', hash: 'aGFzaA==' })).toBe('accepted');
    expect(await required({ id: 'policy-1', hash: 'b3RoZXI=' })).toBe('ERR_ITA_POLICY');
    expect(await required({ id: 'policy-2', hash: 'aGFzaA==' })).toBe('ERR_ITA_POLICY');
    expect(await required({ id: 'policy-1' }, { id: 'policy-3' })).toBe('ERR_ITA_POLICY');
    const unmatched = { policy_ids_matched: undefined, policy_ids_unmatched: [{ id: 'policy-1' }] };
    expect(await outcome({ shared: unmatched }, { policies: [{ id: 'policy-1' }] })).toBe(
      'ERR_ITA_POLICY',
    );
  });

  it('has measurements that are accepted', async () => {
    const sets = (...values: readonly (readonly ['mrtd' | 'mrenclave', string])[]) => [
      ...values.map(([register, value]): MeasurementSet => {
        return { name: 'one', values: new Map([[register, value]]) };
      }),
    ];
    const matching = async (measurements: readonly MeasurementSet[]) =>
      outcome({}, { measurements });
    expect(await matching(sets(['mrtd', 'ff'.repeat(48)], ['mrtd', MRTD]))).toBe('accepted');
    expect(await matching(sets(['mrtd', 'ff'.repeat(48)]))).toBe('ERR_ITA_MEASUREMENT');
    expect(await matching(sets(['mrenclave', 'ff'.repeat(32)]))).toBe('ERR_ITA_MEASUREMENT');
    expect(await matching([])).toBe('ERR_ITA_MEASUREMENT');
    expect(await matching([{ name: 'empty', values: new Map() }])).toBe('ERR_ITA_MEASUREMENT');
  });

  it('says the same wherever it says something twice', async () => {
    const twice = async (name: string, value: unknown) =>
      outcome({ nested: true, shared: { [name]: value } });
    expect(await twice('tdx_mrtd', MRTD)).toBe('accepted');
    expect(await twice('tdx_mrtd', 'ff'.repeat(48))).toBe('ERR_ITA_CLAIMS');
    expect(await twice('tdx_is_debuggable', true)).toBe('ERR_ITA_CLAIMS');
    expect(await twice('attester_tcb_status', 'OutOfDate')).toBe('ERR_ITA_CLAIMS');
  });

  it.each<[string, Changes, Changes]>([
    ['another TEE', { attester_type: 'SGX' }, {}],
    ['no status', { attester_tcb_status: undefined }, {}],
    ['a status that is no text', { attester_tcb_status: 1 }, {}],
    ['no MRTD', { tdx_mrtd: undefined }, {}],
    ['a short MRTD', { tdx_mrtd: MRTD.slice(2) }, {}],
    ['an MRTD in upper case', { tdx_mrtd: MRTD.toUpperCase() }, {}],
    ['no report data', { tdx_report_data: undefined }, {}],
    ['advisories that are no list', { attester_advisory_ids: 'none' }, {}],
    ['policies that are no objects', {}, { policy_ids_matched: ['policy-1'] }],
    ['policies without an id', {}, { policy_ids_matched: [{ name: 'policy-1' }] }],
    ['too many policies', {}, { policy_ids_matched: Array(257).fill({ id: 'policy-1' }) }],
    ['a nonce that is none', {}, { verifier_nonce: 'one' }],
    ['a nonce without its time', {}, { verifier_nonce: { val: NONCE.val } }],
    ['a TD that is no object', {}, { tdx: [] }],
  ])('is refused with %s', async (_what, tdx, shared) => {
    expect(await outcome({ tdx, shared })).toBe('ERR_ITA_CLAIMS');
  });

  it('is not verified for a caller who forgot what to expect', async () => {
    const forgotten = async (name: 'at' | 'reportData') => {
      const { [name]: _unused, ...options } = OPTIONS;
      const token = await tokenOf({});
      return refusal(async () => verifyItaToken(token, options as ItaTokenOptions));
    };
    expect(await forgotten('at')).toBe('ERR_VERIFIER_ARGUMENT');
    expect(await forgotten('reportData')).toBe('ERR_VERIFIER_ARGUMENT');
    expect(await outcome({}, { reportData: new Uint8Array(32) })).toBe('ERR_VERIFIER_ARGUMENT');
  });
});
