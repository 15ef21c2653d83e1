// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { waitFor } from '@proofgate/daemon';

const options = { timeoutMs: 5_000, intervalMs: 1 };

describe('waitFor', () => {
  test('asks until there is an answer, and returns it', async () => {
    const answers = [undefined, null, false, 0];
    await expect(waitFor(() => answers.shift(), options)).resolves.toBe(0);
    expect(answers).toEqual([]);
  });

  test('waits for promises', async () => {
    await expect(waitFor(() => Promise.resolve('here'), options)).resolves.toBe('here');
  });

  test('gives up in the end and says what it waited for', async () => {
    const waiting = waitFor(() => false, { timeoutMs: 5, intervalMs: 1, what: 'the socket' });
    await expect(waiting).rejects.toMatchObject({
      code: 'ERR_DAEMON_WAIT_TIMEOUT',
      message: 'the socket did not come true within 5 ms',
    });
  });

  test('ends when the condition is broken', async () => {
    const broken = (): never => {
      throw new RangeError('broken');
    };
    await expect(waitFor(broken, options)).rejects.toThrow(RangeError);
  });

  test('ends when it is aborted', async () => {
    const abort = new AbortController();
    const waiting = waitFor(
      () => {
        abort.abort();
        return false;
      },
      { timeoutMs: 60_000, intervalMs: 60_000, signal: abort.signal },
    );
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });
});
