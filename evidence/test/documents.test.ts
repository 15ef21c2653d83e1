// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  encodeAttestationDocument,
  MAX_DOCUMENT_BYTES,
  MAX_QUOTE_BYTES,
  parseAttestationDocument,
  parseCollateral,
  toBase64,
  type AttestationDocument,
  type Collateral,
} from '@proofgate/evidence';
import { missingRealData, realCollateralFiles, realText, realTitle } from './real-data.ts';
import { refusal } from './refusal.ts';

const collateral: Collateral = {
  pck_crl_issuer_chain: '-----BEGIN CERTIFICATE-----',
  root_ca_crl: '3000',
  pck_crl: '30AA',
  tcb_info_issuer_chain: 'a',
  tcb_info: '{"id":"TDX"}',
  tcb_info_signature: 'ab'.repeat(64),
  qe_identity_issuer_chain: 'a',
  qe_identity: '{"id":"TD_QE"}',
  qe_identity_signature: 'AB'.repeat(64),
};

describe('collateral', () => {
  const CODE = 'ERR_COLLATERAL_INVALID';

  it('reads as it was written', () => {
    expect(parseCollateral(JSON.parse(JSON.stringify(collateral)))).toEqual(collateral);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['an array', []],
    ['an unknown member', { ...collateral, extra: '' }],
    ['a member named __proto__', JSON.parse('{"__proto__":1}')],
    ['an empty list', { ...collateral, pck_crl: '' }],
    ['half a byte', { ...collateral, pck_crl: '300' }],
    ['no hex', { ...collateral, root_ca_crl: '30zz' }],
    ['a line break behind hex', { ...collateral, root_ca_crl: '3000\n' }],
    ['a long list', { ...collateral, pck_crl: '00'.repeat(64 * 1024 + 1) }],
    ['a short signature', { ...collateral, tcb_info_signature: 'ab'.repeat(63) }],
    ['JSON that is no text', { ...collateral, tcb_info: { id: 'TDX' } }],
    ...Object.keys(collateral).map((key): [string, unknown] => [
      `no ${key}`,
      Object.fromEntries(Object.entries(collateral).filter(([name]) => name !== key)),
    ]),
  ])('refuses %s', (_, value) => {
    expect(refusal(() => parseCollateral(value))).toBe(CODE);
  });

  it('accepts the largest list', () => {
    const largest = { ...collateral, pck_crl: '00'.repeat(64 * 1024) };
    expect(refusal(() => parseCollateral(largest))).toBe('accepted');
  });

  it.skipIf(missingRealData)(realTitle('of real machines'), () => {
    expect(realCollateralFiles.length).toBe(8);
    for (const file of realCollateralFiles) {
      const bundle: unknown = JSON.parse(realText(file));
      expect(parseCollateral(bundle)).toEqual(bundle);
    }
  });
});

const document: AttestationDocument = {
  version: 1,
  host: 'hello.demo.localhost',
  tee: 'tdx',
  simulated: true,
  certificateChain: [Uint8Array.of(0x30, 0), Uint8Array.of(0x30, 1, 0)],
  quote: Uint8Array.of(4, 0),
  quoteTime: '2026-07-21T09:30Z',
  eventLog: [{ type: 'proofgate.workload.unload', name: 'web' }],
  ccel: Uint8Array.of(1),
  manifests: { platform: Uint8Array.of(2), workload: Uint8Array.of(3) },
  collateral,
};
const json = (): Record<string, unknown> =>
  JSON.parse(encodeAttestationDocument(document)) as Record<string, unknown>;

describe('attestation document', () => {
  const CODE = 'ERR_DOCUMENT_INVALID';

  it('reads as it was written', () => {
    expect(parseAttestationDocument(json())).toEqual(document);
    const { ccel: _, collateral: __, ...rest } = document;
    const small = { ...rest, eventLog: [], manifests: {} };
    expect(parseAttestationDocument(JSON.parse(encodeAttestationDocument(small)))).toEqual(small);
  });

  it('writes bytes as base64', () => {
    expect(json()).toMatchObject({
      certificateChain: ['MAA=', 'MAEA'],
      quote: 'BAA=',
      ccel: 'AQ==',
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['version 2', { version: 2 }, CODE],
    ['a version that is a text', { version: '1' }, CODE],
    ['no host', { host: '' }, CODE],
    ['a space in the host', { host: 'a b' }, CODE],
    ['an unknown TEE', { tee: 'sgx' }, CODE],
    ['SEV-SNP', { tee: 'sev-snp' }, 'accepted'],
    ['a hint that is a text', { simulated: 'false' }, CODE],
    ['no certificate', { certificateChain: [] }, CODE],
    ['a chain that is a text', { certificateChain: 'MAA=' }, CODE],
    ['eight certificates', { certificateChain: Array(8).fill('MAA=') }, 'accepted'],
    ['nine certificates', { certificateChain: Array(9).fill('MAA=') }, CODE],
    ['a certificate that is no base64', { certificateChain: ['MAA'] }, CODE],
    ['the largest quote', { quote: toBase64(new Uint8Array(MAX_QUOTE_BYTES)) }, 'accepted'],
    ['a larger quote', { quote: toBase64(new Uint8Array(MAX_QUOTE_BYTES + 3)) }, CODE],
    ['base64url', { quote: '-_8=' }, CODE],
    ['seconds in the time', { quoteTime: '2026-07-21T09:30:00Z' }, CODE],
    ['a day that does not exist', { quoteTime: '2026-02-31T09:30Z' }, CODE],
    ['a log that is an object', { eventLog: {} }, CODE],
    ['an unknown event', { eventLog: [{ type: 'x' }] }, 'ERR_RUNTIME_EVENT'],
    ['no firmware log, spelt out', { ccel: null }, CODE],
    ['an unknown manifest', { manifests: { other: 'AA==' } }, CODE],
    ['no manifests', { manifests: {} }, 'accepted'],
    ['collateral that is malformed', { collateral: {} }, 'ERR_COLLATERAL_INVALID'],
    ['an unknown member', { extra: 1 }, CODE],
  ])('with %s', (_, changes, code) => {
    expect(refusal(() => parseAttestationDocument({ ...json(), ...changes }))).toBe(code);
  });

  it.each([
    'version',
    'host',
    'tee',
    'simulated',
    'certificateChain',
    'quote',
    'quoteTime',
    'eventLog',
    'manifests',
  ])('without %s', (key) => {
    const { [key]: _, ...rest } = json();
    expect(refusal(() => parseAttestationDocument(rest))).toBe(CODE);
  });

  it('has a size limit', () => {
    const sized = (size: number): string =>
      refusal(() => encodeAttestationDocument({ ...document, ccel: new Uint8Array(size) }));
    const overhead = encodeAttestationDocument({ ...document, ccel: new Uint8Array() }).length;
    const fits = Math.floor((MAX_DOCUMENT_BYTES - overhead) / 4) * 3;
    expect(sized(fits)).toBe('accepted');
    expect(sized(fits + 3)).toBe('ERR_DOCUMENT_TOO_LARGE');
  });
});
