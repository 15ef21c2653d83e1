// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  authorityKeyIdExtension,
  concatBytes,
  crlNumberExtension,
  derBitString,
  derEnumerated,
  derInteger,
  derBoolean,
  derContext,
  derOctetString,
  derOid,
  derSequence,
  derTime,
  encodeName,
  fromHex,
  MAX_CERTIFICATE_LIST_BYTES,
  parseCertificateList,
} from '@proofgate/evidence';
import { certificateList } from './certificates.ts';
import { missingRealData, realCollateralFiles, realText, realTitle } from './real-data.ts';
import { refusal } from './refusal.ts';

const INVALID = 'ERR_CRL_INVALID';
const date = new Date('2026-07-21T00:00:00Z');
const algorithm = derSequence(derOid('1.2.840.10045.4.3.2'));
const entry = (serial: bigint, ...extensions: Uint8Array[]): Uint8Array =>
  derSequence(
    derInteger(serial),
    derTime(date),
    ...(extensions.length === 0 ? [] : [derSequence(...extensions)]),
  );
const reason = (code: number): Uint8Array =>
  derSequence(derOid('2.5.29.21'), derOctetString(derEnumerated(code)));

/** A list out of elements, so that one of them can be wrong. */
function handMade(overrides: Readonly<Record<string, Uint8Array>> = {}): Uint8Array {
  const parts = {
    version: derInteger(1n),
    algorithm,
    issuer: encodeName({ commonName: 'Test CA' }),
    thisUpdate: derTime(date),
    nextUpdate: derTime(date),
    revoked: derSequence(entry(1n)),
    extensions: new Uint8Array(),
    ...overrides,
  };
  return derSequence(derSequence(...Object.values(parts)), algorithm, derBitString(fromHex('01')));
}

describe('revocation list', () => {
  it('reads as it was written', () => {
    const list = parseCertificateList(
      certificateList({
        revoked: [
          { serialNumber: fromHex('ff'), date, reason: 1 },
          { serialNumber: fromHex('01'), date },
        ],
        extensions: [crlNumberExtension(300n), authorityKeyIdExtension(fromHex('a1'))],
      }),
    );
    expect(list.issuer.commonName).toBe('Test CA');
    expect(list.thisUpdate.toISOString()).toBe('2026-07-21T09:30:00.000Z');
    expect(list.nextUpdate?.toISOString()).toBe('2026-08-21T09:30:00.000Z');
    expect([...list.revoked]).toEqual([
      ['00ff', { date, reason: 1 }],
      ['01', { date }],
    ]);
    expect(list.crlNumber).toBe(300n);
    expect(list.authorityKeyId).toEqual(fromHex('a1'));
  });

  it('may revoke nothing', () => {
    expect(parseCertificateList(certificateList()).revoked.size).toBe(0);
  });

  const crlNumber = (value: Uint8Array): Uint8Array =>
    derContext(0, true, derSequence(derSequence(derOid('2.5.29.20'), derOctetString(value))));
  const critical = (oid: string, value: Uint8Array): Uint8Array =>
    derSequence(derOid(oid), derBoolean(true), derOctetString(value));

  it.each<[string, Record<string, Uint8Array>, string]>([
    ['nothing changed', {}, 'accepted'],
    ['no version', { version: new Uint8Array() }, INVALID],
    ['version 1', { version: derInteger(0n) }, INVALID],
    ['another algorithm inside', { algorithm: derSequence(derOid('1.2.3')) }, INVALID],
    ['no next update', { nextUpdate: new Uint8Array() }, 'accepted'],
    ['a serial twice', { revoked: derSequence(entry(1n), entry(1n)) }, INVALID],
    ['two serials', { revoked: derSequence(entry(1n), entry(2n)) }, 'accepted'],
    ['a negative serial', { revoked: derSequence(entry(-1n)) }, INVALID],
    ['a reason', { revoked: derSequence(entry(1n, reason(10))) }, 'accepted'],
    ['an unknown reason', { revoked: derSequence(entry(1n, reason(11))) }, INVALID],
    [
      'a critical reason',
      { revoked: derSequence(entry(1n, critical('2.5.29.21', derEnumerated(1)))) },
      'accepted',
    ],
    // certificateIssuer would move the entry to another CA.
    [
      'an unknown critical entry extension',
      { revoked: derSequence(entry(1n, critical('2.5.29.29', derSequence()))) },
      INVALID,
    ],
    ['two next updates', { nextUpdate: concatBytes(derTime(date), derTime(date)) }, INVALID],
    ['two lists of serials', { nextUpdate: derSequence(entry(2n)) }, INVALID],
    ['a crlNumber of zero', { extensions: crlNumber(derInteger(0n)) }, 'accepted'],
    ['a crlNumber', { extensions: crlNumber(derInteger((1n << 160n) - 1n)) }, 'accepted'],
    ['a crlNumber of 21 octets', { extensions: crlNumber(derInteger(1n << 160n)) }, INVALID],
    ['a negative crlNumber', { extensions: crlNumber(derInteger(-1n)) }, INVALID],
  ])('%s', (_, overrides, code) => {
    expect(refusal(() => parseCertificateList(handMade(overrides)))).toBe(code);
  });

  it('has a size limit, and no trailing bytes', () => {
    const der = handMade();
    expect(refusal(() => parseCertificateList(Uint8Array.of(...der, 0)))).toBe(INVALID);
    const huge = new Uint8Array(MAX_CERTIFICATE_LIST_BYTES + 1);
    expect(refusal(() => parseCertificateList(huge))).toBe('ERR_CRL_TOO_LARGE');
    expect(refusal(() => parseCertificateList(huge.subarray(1)))).toBe(INVALID);
  });
});

describe.skipIf(missingRealData)(realTitle('real revocation lists'), () => {
  it.each(realCollateralFiles)('%s', (file) => {
    const bundle = JSON.parse(realText(file)) as Record<string, string>;
    const root = parseCertificateList(fromHex(bundle['root_ca_crl']!));
    const pck = parseCertificateList(fromHex(bundle['pck_crl']!));
    expect(root.issuer.commonName).toBe('Intel SGX Root CA');
    expect(root.revoked.size).toBe(0);
    expect(pck.issuer.commonName).toMatch(/^Intel SGX PCK (Platform|Processor) CA$/);
    // Processor CA lists are empty; every Platform CA list of these years has dozens of entries,
    // all compromised keys.
    expect(pck.revoked.size > 40).toBe(pck.issuer.commonName === 'Intel SGX PCK Platform CA');
    expect([...pck.revoked.values()].every((revocation) => revocation.reason === 1)).toBe(true);
    for (const list of [root, pck]) {
      expect(list.crlNumber).toBe(1n);
      expect(list.authorityKeyId?.length).toBe(20);
      expect(list.nextUpdate!.getTime()).toBeGreaterThan(list.thisUpdate.getTime());
    }
  });
});
