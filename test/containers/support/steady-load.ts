// SPDX-License-Identifier: Apache-2.0
import { Agent } from 'node:https';
import { fetchFrom, type Endpoint } from '../../system/support/https-request.ts';

/** Clients of one host that ask at a steady rate, whether or not earlier questions have been answered. */
export class SteadyLoad {
  /** How often each answer came. */
  readonly answers = new Map<string, number>();
  /** What happened to each request that was not answered with 200. */
  readonly failures: string[] = [];
  readonly #endpoint: Endpoint;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 40 });
  readonly #open = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  readonly #began = performance.now();
  #sent = 0;

  /** @param perSecond - requests */
  constructor(endpoint: Endpoint, perSecond: number) {
    this.#endpoint = endpoint;
    this.#timer = setInterval(() => {
      const due = ((performance.now() - this.#began) / 1_000) * perSecond;
      while (this.#sent < due) this.#send();
    }, 5);
  }

  /** Requests that have been answered with 200. */
  get answered(): number {
    return [...this.answers.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Sends nothing more and waits for the answers. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    this.#agent.destroy();
  }

  #send(): void {
    this.#sent += 1;
    const request = this.#ask().finally(() => this.#open.delete(request));
    this.#open.add(request);
  }

  async #ask(): Promise<void> {
    try {
      const { status, body } = await fetchFrom(this.#endpoint, '/', { agent: this.#agent });
      if (status === 200) this.answers.set(body, (this.answers.get(body) ?? 0) + 1);
      else this.failures.push(`${String(status)} ${body}`);
    } catch (error) {
      this.failures.push(error instanceof Error ? error.message : String(error));
    }
  }
}
