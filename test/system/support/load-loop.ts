// SPDX-License-Identifier: Apache-2.0
import { Agent } from 'node:https';
import { fetchFrom, type Endpoint } from './https-request.ts';

/** What to ask for, and with how many connections at a time. */
export interface LoadOptions {
  readonly endpoint: Endpoint;
  readonly path: string;
  readonly connections: number;
}

/** Something is so broken that more requests show nothing new. */
const MAX_FAILURES = 200;

/** Clients that each send their next request on the same connection as soon as the last one is answered. */
export class LoadLoop {
  readonly #options: LoadOptions;
  readonly #clients: Promise<void>;
  readonly #failures: string[] = [];
  #answered = 0;
  #stopping = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    const clients = Array.from({ length: options.connections }, () => this.#client());
    this.#clients = Promise.all(clients).then(() => undefined);
  }

  /** Requests that were answered with 200 so far. */
  get answered(): number {
    return this.#answered;
  }

  /** What happened to each of the others. */
  get failures(): readonly string[] {
    return this.#failures;
  }

  /** Lets every client finish its request. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#clients;
  }

  async #client(): Promise<void> {
    // Its own agent: a connection belongs to one client, and only that one notices when it breaks.
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!this.#stopping && this.#failures.length < MAX_FAILURES) {
      await this.#request(agent);
    }
    agent.destroy();
  }

  async #request(agent: Agent): Promise<void> {
    const { endpoint, path } = this.#options;
    try {
      const { status, body } = await fetchFrom(endpoint, path, { agent });
      if (status === 200) this.#answered += 1;
      else this.#failures.push(`${String(status)} ${body}`);
    } catch (error) {
      this.#failures.push(error instanceof Error ? error.message : String(error));
    }
  }
}
