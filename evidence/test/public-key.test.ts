// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  derBitString,
  derIa5String,
  derInteger,
  derNull,
  derOid,
  derSequence,
  parsePublicKey,
} from '@proofgate/evidence';
import { refusal } from './refusal.ts';

describe('public key', () => {
  const spki = (oid: string, parameters: Uint8Array[], key: Uint8Array): Uint8Array =>
    derSequence(derSequence(derOid(oid), ...parameters), derBitString(key));
  const EC = '1.2.840.10045.2.1';
  const p256 = derOid('1.2.840.10045.3.1.7');
  const point = Uint8Array.of(4, ...new Uint8Array(64));
  const rsaKey = (modulus: bigint): Uint8Array =>
    spki('1.2.840.113549.1.1.1', [derNull()], derSequence(derInteger(modulus), derInteger(65537n)));

  it('is known by algorithm and curve', () => {
    expect(parsePublicKey(spki(EC, [p256], point))).toEqual({ algorithm: 'ec-p256', point });
    expect(parsePublicKey(spki('1.3.101.112', [], new Uint8Array(32))).algorithm).toBe('ed25519');
    expect(parsePublicKey(rsaKey(1n << 4095n)).algorithm).toBe('rsa');
    expect(parsePublicKey(rsaKey((1n << 8192n) - 1n)).algorithm).toBe('rsa');
    expect(parsePublicKey(spki(EC, [derOid('1.3.132.0.35')], point))).toEqual({
      algorithm: 'unknown',
      oid: '1.3.132.0.35',
    });
    expect(parsePublicKey(spki('1.2.3', [], point))).toEqual({
      algorithm: 'unknown',
      oid: '1.2.3',
    });
  });

  it.each<[string, Uint8Array]>([
    ['a compressed point', spki(EC, [p256], Uint8Array.of(2, ...new Uint8Array(32)))],
    ['a point of another curve', spki(EC, [derOid('1.3.132.0.34')], point)],
    ['a curve without a name', spki(EC, [], point)],
    ['a curve that is no OID', spki(EC, [derIa5String('P-256')], point)],
    ['Ed25519 with parameters', spki('1.3.101.112', [derNull()], new Uint8Array(32))],
    ['a short Ed25519 key', spki('1.3.101.112', [], new Uint8Array(31))],
    ['a negative modulus', rsaKey(-1n)],
    ['a modulus of a sign and nothing else', rsaKey(-128n)],
    ['an overlong modulus', rsaKey(1n << 8199n)],
  ])('refuses %s', (_, der) => {
    expect(refusal(() => parsePublicKey(der))).toBe('ERR_DER_INVALID');
  });
});
