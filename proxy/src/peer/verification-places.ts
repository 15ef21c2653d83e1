// SPDX-License-Identifier: Apache-2.0
import { ProxyError } from '../errors.ts';

/** Verifications at a time in one worker: each is some milliseconds on the threads that Node has for signatures, four. */
export const MAX_RUNNING_VERIFICATIONS = 4;

/** Clients that wait for one: a tenth of a second's work, so that nobody waits long to be told. */
export const MAX_WAITING_VERIFICATIONS = 64;

/** Of one address, waiting and under way: one client cannot take all places. */
export const MAX_VERIFICATIONS_PER_ADDRESS = 16;

/** From the request for one verification to its end, with what it fetches; the evidence endpoint gives up after ten seconds. */
export const VERIFICATION_TIMEOUT_MS = 8_000;

/** Bounds what evidence of clients costs a worker. */
export class VerificationPlaces {
  /** In the order of arrival. */
  private readonly waiting = new Set<() => void>();
  private readonly addresses = new Map<string, number>();
  private running = 0;

  /**
   * Verifies when it is its turn.
   *
   * @param verify is given up on after a while; its signal is aborted then
   * @param gone nobody waits for the outcome any more
   * @throws ProxyError ERR_PROXY_PEER_BUSY, ERR_PROXY_PEER_UNAVAILABLE; whatever `verify` throws
   */
  async run<T>(
    address: string,
    verify: (signal: AbortSignal) => Promise<T>,
    gone?: AbortSignal,
  ): Promise<T> {
    this.enter(address);
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), VERIFICATION_TIMEOUT_MS);
    const signal = gone === undefined ? over.signal : AbortSignal.any([over.signal, gone]);
    try {
      await this.turn(signal);
      try {
        return await Promise.race([verify(signal), aborted(signal)]);
      } finally {
        this.passOn();
      }
    } finally {
      clearTimeout(timer);
      this.leave(address);
    }
  }

  private async turn(signal: AbortSignal): Promise<void> {
    if (this.running < MAX_RUNNING_VERIFICATIONS) {
      this.running += 1;
      return;
    }
    let begin: () => void = () => undefined;
    const ours = new Promise<void>((resolve) => (begin = resolve));
    this.waiting.add(begin);
    try {
      await Promise.race([ours, aborted(signal)]);
    } catch (error) {
      // Its turn may have come at the same moment.
      if (!this.waiting.delete(begin)) this.passOn();
      throw error;
    }
  }

  /** Whoever has waited longest takes the place. */
  private passOn(): void {
    const [next] = this.waiting;
    if (next === undefined) {
      this.running -= 1;
      return;
    }
    this.waiting.delete(next);
    next();
  }

  private enter(address: string): void {
    const own = this.addresses.get(address) ?? 0;
    if (own >= MAX_VERIFICATIONS_PER_ADDRESS || this.waiting.size >= MAX_WAITING_VERIFICATIONS) {
      const each = `${MAX_VERIFICATIONS_PER_ADDRESS} of one address`;
      throw new ProxyError('ERR_PROXY_PEER_BUSY', 'too many clients are being verified', {
        expected: `at most ${MAX_WAITING_VERIFICATIONS} that wait, ${each}`,
      });
    }
    this.addresses.set(address, own + 1);
  }

  private leave(address: string): void {
    const left = (this.addresses.get(address) ?? 1) - 1;
    if (left > 0) this.addresses.set(address, left);
    else this.addresses.delete(address);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const refuse = (): void => {
      reject(
        new ProxyError('ERR_PROXY_PEER_UNAVAILABLE', 'verification took too long', {
          expected: `at most ${VERIFICATION_TIMEOUT_MS} ms`,
        }),
      );
    };
    if (signal.aborted) refuse();
    else signal.addEventListener('abort', refuse, { once: true });
  });
}
