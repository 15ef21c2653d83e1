// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { abortable, Changes } from '../../src/supervision/changes.ts';

const NEVER = new AbortController().signal;

describe('whoever waits for a change', () => {
  test('looks again at each, until it has found something', async () => {
    const changes = new Changes();
    let value = 0;
    const found = changes.until(() => (value >= 2 ? `found ${String(value)}` : undefined), NEVER);
    for (value of [1, 2, 3]) changes.notify();
    expect(await found).toBe('found 2');
    expect(await changes.until(() => value, NEVER)).toBe(3);
  });

  test('gives up with the reason of the signal, and with what looking throws', async () => {
    const changes = new Changes();
    const stop = new AbortController();
    const waiting = changes.until(() => undefined, stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(changes.until(() => undefined, stop.signal)).rejects.toThrow('enough');
    const broken = changes.until(() => {
      throw new Error('broken');
    }, NEVER);
    await expect(broken).rejects.toThrow('broken');
    // Nobody is left to look.
    changes.notify();
  });
});

test('a wait for something that cannot be told is given up all the same', async () => {
  const stop = new AbortController();
  const waiting = abortable(new Promise(() => undefined), stop.signal);
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  expect(await abortable(Promise.resolve(7), NEVER)).toBe(7);
  await expect(abortable(Promise.resolve(7), stop.signal)).rejects.toThrow('enough');
});
