// SPDX-License-Identifier: Apache-2.0
import { EvidenceError } from '@proofgate/evidence';
import { hinted, hintOf, VerifierError } from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';

describe('a refusal', () => {
  it('keeps the hint of what refused', async () => {
    const known = new VerifierError('ERR_CERT_EXPIRED', 'too old', { hint: 'as was said' });
    expect(hintOf(known)).toBe('as was said');
    await expect(hinted(() => Promise.reject(known))).rejects.toMatchObject({
      hint: 'as was said',
    });
  });

  it('has one by its code otherwise, and stays the same error', async () => {
    const bare = new VerifierError('ERR_CERT_EXPIRED', 'too old');
    await expect(hinted(() => Promise.reject(bare))).rejects.toBe(bare);
    expect(bare.hint).toMatch(/fetch a current certificate/);
  });

  it('of evidence that cannot be read has one too', async () => {
    const bare = new EvidenceError('ERR_QUOTE_TRUNCATED', 'quote ends too early');
    await expect(
      hinted(() => {
        throw bare;
      }),
    ).rejects.toMatchObject({
      code: 'ERR_QUOTE_TRUNCATED',
      hint: expect.stringMatching(/fetch it again/) as string,
    });
  });

  it('is not made of what was only called wrongly', async () => {
    const misuse = new VerifierError('ERR_VERIFIER_ARGUMENT', 'no time', {}, 'misuse');
    await expect(hinted(() => Promise.reject(misuse))).rejects.toMatchObject({ hint: undefined });
  });
});
