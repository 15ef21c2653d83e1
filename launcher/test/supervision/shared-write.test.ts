// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { SharedWrite } from '../../src/supervision/shared-write.ts';

/** A write that takes until it is let go. */
function slowWrite(): { write: () => Promise<void>; ends: ((error?: Error) => void)[] } {
  const ends: ((error?: Error) => void)[] = [];
  const write = (): Promise<void> =>
    new Promise((resolve, reject) => {
      ends.push((error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  return { write, ends };
}

test('whoever asks while it is written shares the next time', async () => {
  const { write, ends } = slowWrite();
  const shared = new SharedWrite(write);
  const first = shared.run();
  await expect.poll(() => ends.length).toBe(1);
  const later = [shared.run(), shared.run(), shared.run()];
  let done = 0;
  for (const each of later) void each.then(() => (done += 1));
  ends[0]?.();
  await first;
  await expect.poll(() => ends.length).toBe(2);
  // What was begun before they asked is not what they asked for.
  expect(done).toBe(0);
  ends[1]?.();
  await Promise.all(later);
  expect(ends).toHaveLength(2);
});

test('a failure is that of those who asked for it', async () => {
  const { write, ends } = slowWrite();
  const shared = new SharedWrite(write);
  const first = shared.run();
  await expect.poll(() => ends.length).toBe(1);
  const second = shared.run();
  ends[0]?.(new Error('no space'));
  await expect(first).rejects.toThrow('no space');
  await expect.poll(() => ends.length).toBe(2);
  ends[1]?.();
  await second;
});
