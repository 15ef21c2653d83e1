// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '@proofgate/daemon';
import type { LogSink } from '../logs/log-sink.ts';
import type { OutputPipes } from './container-files.ts';
import { LogDelivery } from './log-delivery.ts';

/** How long the end of a container waits for the rest of its output, which a slow disk may hold up. */
export const OUTPUT_GRACE_MS = 2_000;

/** The output of all containers on its way to where it is kept. */
export class LogDeliveries {
  readonly #logger: Logger;
  readonly #running = new Map<string, LogDelivery>();
  /** Sinks that a delivery closes, or has closed. */
  readonly #taken = new WeakSet<LogSink>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Begins to read the output of a container. Its pipes have to have a reader before anybody writes to them. */
  async start(id: string, pipes: OutputPipes, logs: LogSink): Promise<void> {
    const delivery = await LogDelivery.start(pipes, logs, this.#logger);
    this.#running.set(id, delivery);
    this.#taken.add(logs);
    void delivery.ended.then(() => {
      if (this.#running.get(id) === delivery) this.#running.delete(id);
    });
  }

  /**
   * Reads what nobody wants: containerd forgets a task only when its output has been taken.
   *
   * @returns what does so, to be stopped; `undefined` when somebody reads it
   */
  async drain(id: string, pipes: OutputPipes): Promise<LogDelivery | undefined> {
    if (this.#running.has(id)) return undefined;
    return LogDelivery.start(pipes, NOWHERE, this.#logger).catch(() => undefined);
  }

  /** Waits until everything has been read, if that does not take long. */
  async finish(id: string): Promise<void> {
    await this.#running.get(id)?.finish(OUTPUT_GRACE_MS);
  }

  /** Stops reading. */
  async stop(id: string): Promise<void> {
    await this.#running.get(id)?.stop();
  }

  /** Closes a sink unless a delivery does. */
  async closeUnused(logs: LogSink): Promise<void> {
    if (!this.#taken.has(logs)) await logs.close();
  }

  /** Stops reading the output of all containers. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map((delivery) => delivery.stop()));
  }
}

/** Takes output and keeps none. */
const NOWHERE: LogSink = {
  lastTime: undefined,
  write: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
