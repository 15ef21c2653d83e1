// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest';
import {
  MAX_RUNNING_VERIFICATIONS,
  MAX_VERIFICATIONS_PER_ADDRESS,
  MAX_WAITING_VERIFICATIONS,
  VERIFICATION_TIMEOUT_MS,
  VerificationPlaces,
} from '../src/peer/verification-places.ts';

/** Verifications that end when the test says so. */
function held() {
  const places = new VerificationPlaces();
  const ends: (() => void)[] = [];
  const run = (address: string): Promise<string> =>
    places.run(address, () => new Promise((resolve) => ends.push(() => resolve(address))));
  return { places, ends, run };
}

describe('VerificationPlaces', () => {
  it('verifies a few at a time and the others in their order', async () => {
    const { ends, run } = held();
    const all = Array.from({ length: MAX_RUNNING_VERIFICATIONS + 2 }, (_, index) =>
      run(`address ${String(index)}`),
    );
    await vi.waitFor(() => expect(ends).toHaveLength(MAX_RUNNING_VERIFICATIONS));
    ends[0]?.();
    await vi.waitFor(() => expect(ends).toHaveLength(MAX_RUNNING_VERIFICATIONS + 1));
    for (let index = 1; index < all.length; index += 1) {
      await vi.waitFor(() => expect(ends.length).toBeGreaterThan(index));
      ends[index]?.();
    }
    expect(await Promise.all(all)).toEqual(all.map((_, index) => `address ${String(index)}`));
  });

  it('refuses one address that takes too many, and serves the others', async () => {
    const { ends, run } = held();
    const own = Array.from({ length: MAX_VERIFICATIONS_PER_ADDRESS }, () => run('greedy'));
    await expect(run('greedy')).rejects.toMatchObject({ code: 'ERR_PROXY_PEER_BUSY' });
    const other = run('modest');
    for (let index = 0; index <= own.length; index += 1) {
      await vi.waitFor(() => expect(ends.length).toBeGreaterThan(index));
      ends[index]?.();
    }
    expect(await other).toBe('modest');
    await Promise.all(own);
    // Their places are free again.
    const again = run('greedy');
    await vi.waitFor(() => expect(ends).toHaveLength(own.length + 2));
    ends.at(-1)?.();
    expect(await again).toBe('greedy');
  });

  it('bounds those that wait', async () => {
    const { ends, run } = held();
    const most = MAX_RUNNING_VERIFICATIONS + MAX_WAITING_VERIFICATIONS;
    const all = Array.from({ length: most }, (_, index) => run(String(index)));
    await expect(run('one more')).rejects.toMatchObject({ code: 'ERR_PROXY_PEER_BUSY' });
    for (let index = 0; index < most; index += 1) {
      await vi.waitFor(() => expect(ends.length).toBeGreaterThan(index));
      ends[index]?.();
    }
    await Promise.all(all);
  });

  it('gives up on one that hangs, and goes on with the next', async () => {
    vi.useFakeTimers();
    try {
      const places = new VerificationPlaces();
      let aborted = false;
      const hanging = places.run('a', (signal) => {
        signal.addEventListener('abort', () => (aborted = true));
        return new Promise<never>(() => undefined);
      });
      const refused = expect(hanging).rejects.toMatchObject({ code: 'ERR_PROXY_PEER_UNAVAILABLE' });
      await vi.advanceTimersByTimeAsync(VERIFICATION_TIMEOUT_MS);
      await refused;
      expect(aborted).toBe(true);
      expect(await places.run('a', () => Promise.resolve('next'))).toBe('next');
    } finally {
      vi.useRealTimers();
    }
  });

  it('does not keep whoever has gone, or has waited too long', async () => {
    const { ends, places, run } = held();
    const all = Array.from({ length: MAX_RUNNING_VERIFICATIONS }, () => run('busy'));
    await vi.waitFor(() => expect(ends).toHaveLength(MAX_RUNNING_VERIFICATIONS));
    const gone = new AbortController();
    let begun = false;
    const left = places.run(
      'left',
      () => {
        begun = true;
        return Promise.resolve();
      },
      gone.signal,
    );
    gone.abort();
    await expect(left).rejects.toMatchObject({ code: 'ERR_PROXY_PEER_UNAVAILABLE' });
    for (const end of ends) end();
    await Promise.all(all);
    expect(begun).toBe(false);
    expect(await places.run('left', () => Promise.resolve('served'))).toBe('served');
  });

  it('gives a place back after a failure', async () => {
    const places = new VerificationPlaces();
    const fail = (): Promise<never> => Promise.reject(new Error('no'));
    for (let index = 0; index < MAX_VERIFICATIONS_PER_ADDRESS * 2; index += 1) {
      await expect(places.run('a', fail)).rejects.toThrow('no');
    }
  });
});
