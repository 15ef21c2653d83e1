// SPDX-License-Identifier: Apache-2.0
import { tdxQuoteProvider, type QueueLimits, type QuoteProvider } from '@proofgate/attester';
import { asReportData, type ReportData } from '@proofgate/evidence';
import { createSimulatedPlatform } from '@proofgate/simulator';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeConfigfs } from './fake-configfs.ts';

const LIMITS: QueueLimits = { maxWaiting: 1, deadlineMs: 1000 };
const [A, B, C] = [1, 2, 3].map((value) => asReportData(new Uint8Array(64).fill(value))) as [
  ReportData,
  ReportData,
  ReportData,
];

/** A kernel that answers when the test says so, and a provider in front of it. */
class SlowKernel {
  readonly asked: number[] = [];
  readonly quotes: QuoteProvider;
  readonly #platform = createSimulatedPlatform();
  readonly #answers: (() => void)[] = [];

  constructor(queue: QueueLimits) {
    const reports = new FakeConfigfs(async (inblob) => {
      this.asked.push(inblob[0]!);
      await new Promise<void>((resolve) => this.#answers.push(resolve));
      return this.#platform.quote(inblob);
    });
    this.quotes = tdxQuoteProvider({ reports, queue });
  }

  /** Waits until the kernel has been asked `count` times in all. */
  async wasAsked(count: number): Promise<void> {
    await vi.waitFor(() => expect(this.asked).toHaveLength(count));
  }

  /** Answers the request that has waited longest. */
  answer(): void {
    this.#answers.shift()!();
  }
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('the queue before the platform', () => {
  it('lets one request through at a time, in the order of the calls', async () => {
    const kernel = new SlowKernel({ maxWaiting: 2, deadlineMs: 1000 });
    const quotes = [A, B, C].map((reportData) => kernel.quotes.quote(reportData));
    for (const expected of [[1], [1, 2], [1, 2, 3]]) {
      await kernel.wasAsked(expected.length);
      expect(kernel.asked).toEqual(expected);
      kernel.answer();
    }
    expect(await Promise.all(quotes)).toHaveLength(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('goes on after a failure', async () => {
    const platform = createSimulatedPlatform();
    const reports = new FakeConfigfs((inblob) => platform.quote(inblob), { outblob: ['EIO'] });
    const quotes = tdxQuoteProvider({ reports, queue: LIMITS });
    const [first, second] = [quotes.quote(A), quotes.quote(B)];
    await expect(first).rejects.toMatchObject({ code: 'ERR_ATTESTER_QUOTE_FAILED' });
    await expect(second).resolves.toBeInstanceOf(Uint8Array);
  });

  it('refuses a caller too many', async () => {
    const kernel = new SlowKernel(LIMITS);
    const accepted = [A, B].map((reportData) => kernel.quotes.quote(reportData));
    await expect(kernel.quotes.quote(C)).rejects.toMatchObject({
      code: 'ERR_ATTESTER_QUEUE_FULL',
      family: 'unavailable',
    });
    for (const count of [1, 2]) {
      await kernel.wasAsked(count);
      kernel.answer();
    }
    expect(await Promise.all(accepted)).toHaveLength(2);
  });

  it('answers a caller whose deadline passes, but lets the next one wait for the kernel', async () => {
    const kernel = new SlowKernel(LIMITS);
    const late = kernel.quotes.quote(A);
    const refused = expect(late).rejects.toMatchObject({ code: 'ERR_ATTESTER_DEADLINE' });
    await kernel.wasAsked(1);
    await vi.advanceTimersByTimeAsync(LIMITS.deadlineMs);
    await refused;

    const next = kernel.quotes.quote(B);
    await vi.advanceTimersByTimeAsync(LIMITS.deadlineMs / 2);
    expect(kernel.asked).toEqual([1]);
    kernel.answer();
    await kernel.wasAsked(2);
    kernel.answer();
    await expect(next).resolves.toBeInstanceOf(Uint8Array);
  });

  it('counts the wait towards the deadline', async () => {
    const kernel = new SlowKernel(LIMITS);
    const first = kernel.quotes.quote(A);
    const second = kernel.quotes.quote(B);
    const outcomes = Promise.allSettled([first, second]);
    await vi.advanceTimersByTimeAsync(LIMITS.deadlineMs);
    expect(await outcomes).toMatchObject([
      { status: 'rejected', reason: { code: 'ERR_ATTESTER_DEADLINE' } },
      { status: 'rejected', reason: { code: 'ERR_ATTESTER_DEADLINE' } },
    ]);
    kernel.answer();
    // The second one is forgotten: the kernel is never asked.
    await vi.advanceTimersByTimeAsync(LIMITS.deadlineMs);
    expect(kernel.asked).toEqual([1]);
  });

  it('gives the place of a caller that gives up to another', async () => {
    const kernel = new SlowKernel(LIMITS);
    const caller = new AbortController();
    const first = kernel.quotes.quote(A);
    const second = kernel.quotes.quote(B, caller.signal);
    // A quote call enters the queue a microtask after it was made.
    await kernel.wasAsked(1);
    caller.abort(new Error('changed my mind'));
    await expect(second).rejects.toMatchObject({
      code: 'ERR_ATTESTER_ABORTED',
      cause: expect.objectContaining({ message: 'changed my mind' }) as Error,
    });
    const third = kernel.quotes.quote(C);
    kernel.answer();
    await kernel.wasAsked(2);
    kernel.answer();
    expect(await Promise.all([first, third])).toHaveLength(2);
    expect(kernel.asked).toEqual([1, 3]);
  });

  it('does not begin for a caller that has given up already', async () => {
    const kernel = new SlowKernel(LIMITS);
    await expect(kernel.quotes.quote(A, AbortSignal.abort())).rejects.toMatchObject({
      code: 'ERR_ATTESTER_ABORTED',
    });
    expect(kernel.asked).toEqual([]);
  });

  it('leaves neither timers nor listeners with the caller', async () => {
    const kernel = new SlowKernel(LIMITS);
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    const quote = kernel.quotes.quote(A, signal);
    await kernel.wasAsked(1);
    kernel.answer();
    await quote;
    expect(removed).toHaveBeenCalledTimes(added.mock.calls.length);
    expect(vi.getTimerCount()).toBe(0);
  });
});
