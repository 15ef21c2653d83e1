// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import { p256Spki } from '@proofgate/ca';
import { expect, it } from 'vitest';

it('is what OpenSSL encodes, also for coordinates that begin with zeros', () => {
  for (let round = 0; round < 600; round += 1) {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const expected = publicKey.export({ type: 'spki', format: 'der' });
    expect(Buffer.from(p256Spki(publicKey))).toEqual(expected);
  }
});
