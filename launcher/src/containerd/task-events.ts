// SPDX-License-Identifier: Apache-2.0
import { backoff, type Logger } from '@proofgate/daemon';
import { pause } from '../supervision/pause.ts';
import type { ContainerdClient } from './containerd-client.ts';
import type { EventEnvelope } from './messages.ts';
import { OUT_OF_MEMORY, SUBSCRIBE } from './methods.ts';

/** First wait before subscribing again; a restarted containerd answers after 100 ms. */
const RETRY_INITIAL_MS = 50;
/** Longest wait: how long an outage may be over without being noticed. */
const RETRY_MAX_MS = 2_000;
/** A connection that lasted this long was a good one: its end is answered at once. */
const STABLE_MS = 1_000;

const OOM_TOPIC = '/tasks/oom';

/** What the subscription needs. */
export interface TaskEventsOptions {
  readonly client: ContainerdClient;
  readonly namespace: string;
  /** Called when the connection has broken, before the next attempt: brings a private containerd back. */
  readonly revive: () => Promise<void>;
  readonly logger: Logger;
}

/** Listens to what happens to tasks, and remembers when one ran out of memory. */
export class TaskEvents {
  readonly #options: TaskEventsOptions;
  readonly #ending = new AbortController();
  /** Time of the last event of each container, in milliseconds. */
  readonly #outOfMemory = new Map<string, number>();
  readonly #following: Promise<void>;

  constructor(options: TaskEventsOptions) {
    this.#options = options;
    this.#following = this.#follow(this.#ending.signal);
  }

  /** When the kernel last ended a process of a container for want of memory, as far as it has been heard of. */
  lastOutOfMemory(id: string): number | undefined {
    return this.#outOfMemory.get(id);
  }

  /** Forgets a container that is gone. */
  forget(id: string): void {
    this.#outOfMemory.delete(id);
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#following;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { revive, logger } = this.#options;
    const waits = backoff({ initialMs: RETRY_INITIAL_MS, maxMs: RETRY_MAX_MS });
    while (!signal.aborted) {
      const began = performance.now();
      const error = await this.#listen(signal);
      if (signal.aborted) return;
      const wasStable = performance.now() - began >= STABLE_MS;
      logger[wasStable ? 'warn' : 'debug']({ err: error }, 'the connection to containerd broke');
      if (wasStable) waits.reset();
      else await pause(waits.next(), signal);
      try {
        await revive();
      } catch (err) {
        logger.error({ err }, 'containerd cannot be started again');
      }
    }
  }

  /** Settles, with the reason, when the subscription has ended. */
  #listen(signal: AbortSignal): Promise<unknown> {
    const { client, namespace } = this.#options;
    const filters = [`namespace==${namespace},topic==${JSON.stringify(OOM_TOPIC)}`];
    const events = client.stream(SUBSCRIBE, { filters }, { timeoutMs: undefined, failFast: true });
    const cancel = (): void => {
      events.cancel();
    };
    signal.addEventListener('abort', cancel, { once: true });
    return new Promise((resolve) => {
      const end = (error?: unknown): void => {
        signal.removeEventListener('abort', cancel);
        resolve(error);
      };
      events.on('data', (envelope: EventEnvelope) => {
        this.#note(envelope);
      });
      events.on('error', end);
      events.on('end', end);
    });
  }

  #note({ topic, event, timestamp }: EventEnvelope): void {
    if (topic !== OOM_TOPIC || event === null) return;
    const { containerId } = OUT_OF_MEMORY.decode(Buffer.from(event.value));
    const at = timestamp === null ? Date.now() : timestamp.seconds * 1_000;
    this.#outOfMemory.set(containerId, at);
  }
}
