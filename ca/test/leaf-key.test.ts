// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { createLeafKey } from '@proofgate/ca';
import { decodePem } from '@proofgate/evidence';
import { expect, it } from 'vitest';

/** Where the private number is in the DER of PKCS #8. */
const SCALAR_AT = 36;

it('is what OpenSSL encodes, also for numbers that begin with zeros', () => {
  let padded = 0;
  // One number in 256 begins with a zero: 5,000 keys without one do not happen.
  for (let round = 0; round < 5_000 && (round < 20 || padded === 0); round += 1) {
    const { spki, privateKeyPem } = createLeafKey();
    const startsWithZero = (decodePem(privateKeyPem, 'PRIVATE KEY')[0] ?? [])[SCALAR_AT] === 0;
    if (!startsWithZero && round >= 20) continue;
    padded += startsWithZero ? 1 : 0;
    const key = createPrivateKey(privateKeyPem);
    expect(key.export({ type: 'pkcs8', format: 'pem' })).toBe(privateKeyPem);
    const expected = createPublicKey(key).export({ type: 'spki', format: 'der' });
    expect(Buffer.from(spki)).toEqual(expected);
  }
  expect(padded).toBeGreaterThan(0);
});

it('is another one each time', () => {
  const keys = Array.from({ length: 20 }, () => createLeafKey().privateKeyPem);
  expect(new Set(keys).size).toBe(20);
});
