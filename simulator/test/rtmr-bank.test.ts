// SPDX-License-Identifier: Apache-2.0
import { fromHex, sha384, toHex, utf8 } from '@proofgate/evidence';
import { createSimulatedPlatform, type SimulatedPlatform } from '@proofgate/simulator';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';

const AT = new Date('2026-01-15T12:00:00Z');
const ZERO = new Uint8Array(48);

function register(platform: SimulatedPlatform, index: 0 | 1 | 2 | 3): string {
  return toHex(platform.measurements().rtmr[index]);
}

describe('the registers of a simulated platform', () => {
  it('are the same firmware values on every platform, and RTMR3 is zero', () => {
    const [one, other] = [createSimulatedPlatform({ at: AT }), createSimulatedPlatform()];
    expect(one.measurements()).toEqual(other.measurements());
    expect(toHex(one.measurements().mrtd)).toBe(
      toHex(sha384(utf8('simulated platform: firmware (MRTD)'))),
    );
    expect(register(one, 3)).toBe(toHex(ZERO));
    expect(new Set([0, 1, 2, 3].map((i) => register(one, i as 0))).size).toBe(4);
  });

  it('extend as the TDX module does: SHA-384 of the value and the digest', async () => {
    const platform = createSimulatedPlatform({ at: AT });
    await platform.extend(3, ZERO);
    // SHA-384 of 96 zero bytes.
    expect(register(platform, 3)).toBe(
      'f57bb7ed82c6ae4a29e6c9879338c592c7d42a39135583e8ccbe3940f2344b0eb6eb8503db0ffd6a39ddd00cd07d8317',
    );
    const second = fromHex('ab'.repeat(48));
    const before = platform.measurements().rtmr[3];
    await platform.extend(3, second);
    expect(register(platform, 3)).toBe(
      createHash('sha384').update(before).update(second).digest('hex'),
    );
  });

  it('depend on the order of extensions, and on each register alone', async () => {
    const [a, b] = [createSimulatedPlatform({ at: AT }), createSimulatedPlatform({ at: AT })];
    const [x, y] = [fromHex('01'.repeat(48)), fromHex('02'.repeat(48))];
    const untouched = register(a, 2);
    for (const digest of [x, y]) await a.extend(3, digest);
    for (const digest of [y, x]) await b.extend(3, digest);
    expect(register(a, 3)).not.toBe(register(b, 3));
    expect(register(a, 2)).toBe(untouched);
    await a.extend(2, x);
    expect(register(a, 2)).not.toBe(untouched);
  });

  it('refuse RTMR0, RTMR1 and digests of another size', async () => {
    const platform = createSimulatedPlatform({ at: AT });
    const before = platform.measurements();
    await expect(platform.extend(1 as 2, ZERO)).rejects.toMatchObject({
      code: 'ERR_SIMULATOR_REGISTER',
    });
    await expect(platform.extend(3, new Uint8Array(32))).rejects.toMatchObject({
      code: 'ERR_SIMULATOR_DIGEST',
    });
    expect(platform.measurements()).toEqual(before);
    await expect(platform.extend(2, ZERO)).resolves.toBeUndefined();
  });

  it('are in the next quote', async () => {
    const platform = createSimulatedPlatform({ at: AT });
    const before = await platform.quote(new Uint8Array(64));
    await platform.extend(3, ZERO);
    const after = await platform.quote(new Uint8Array(64));
    const rtmr3 = 48 + 472;
    expect(toHex(before.slice(rtmr3, rtmr3 + 48))).toBe(toHex(ZERO));
    expect(toHex(after.slice(rtmr3, rtmr3 + 48))).toBe(register(platform, 3));
  });
});
