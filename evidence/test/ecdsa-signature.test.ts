// SPDX-License-Identifier: Apache-2.0
import { sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  concatBytes,
  derInteger,
  derSequence,
  ecdsaSignatureFromRaw,
  ecdsaSignatureToRaw,
  equalBytes,
  toHex,
} from '@proofgate/evidence';
import { ecKey } from './certificates.ts';
import { refusal } from './refusal.ts';

const CODE = 'ERR_ECDSA_SIGNATURE';

describe('ECDSA signature', () => {
  it('changes its form and back', () => {
    const half = fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .filter((b) => b.some((o) => o !== 0));
    fc.assert(
      fc.property(half, half, (r, s) => {
        const raw = Uint8Array.of(...r, ...s);
        return equalBytes(ecdsaSignatureToRaw(ecdsaSignatureFromRaw(raw), 32), raw);
      }),
    );
  });

  it.each(['P-256', 'P-384'] as const)('of %s is the one that Node means', (curve) => {
    const { privateKey } = ecKey(curve);
    const message = Buffer.from('message');
    const der = new Uint8Array(sign('sha256', message, privateKey));
    const raw = ecdsaSignatureToRaw(der, curve === 'P-256' ? 32 : 48);
    expect(verify('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }, raw)).toBe(
      true,
    );
    expect(toHex(ecdsaSignatureFromRaw(raw))).toBe(toHex(der));
  });

  const pair = (r: bigint, s: bigint): Uint8Array => derSequence(derInteger(r), derInteger(s));

  it.each<[string, Uint8Array]>([
    ['zero', pair(0n, 1n)],
    ['a negative number', pair(1n, -1n)],
    ['the negative number nearest to a positive one', pair(1n, -128n)],
    ['a number of 33 bytes', pair(1n << 256n, 1n)],
    ['three numbers', derSequence(derInteger(1n), derInteger(1n), derInteger(1n))],
    ['one number', derSequence(derInteger(1n))],
    ['a trailing byte', Uint8Array.of(...pair(1n, 1n), 0)],
    ['nothing', new Uint8Array()],
  ])('with %s is refused', (_, der) => {
    expect(refusal(() => ecdsaSignatureToRaw(der, 32))).toBe(CODE);
  });

  it('of the largest size is accepted', () => {
    expect(ecdsaSignatureToRaw(pair((1n << 256n) - 1n, 1n), 32).length).toBe(64);
    const half = [new Uint8Array(32), new Uint8Array(32).fill(1)];
    for (const halves of [half, half.toReversed(), [new Uint8Array(64)]]) {
      expect(refusal(() => ecdsaSignatureFromRaw(concatBytes(...halves)))).toBe(CODE);
    }
    expect(refusal(() => ecdsaSignatureFromRaw(new Uint8Array(0)))).toBe(CODE);
    expect(refusal(() => ecdsaSignatureFromRaw(new Uint8Array(63).fill(1)))).toBe(CODE);
  });
});
