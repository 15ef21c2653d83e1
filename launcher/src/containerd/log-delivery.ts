// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@proofgate/daemon';
import type { LogSink } from '../logs/log-sink.ts';
import type { OutputPipes } from './container-files.ts';
import { FifoReader, touchFifo } from './fifo.ts';

/** Carries the output of one container from its pipes to a sink, which it closes in the end. */
export class LogDelivery {
  /** Settles when all output has been delivered, or after {@link stop}. */
  readonly ended: Promise<void>;
  readonly #pipes: OutputPipes;
  readonly #readers: readonly FifoReader[];

  private constructor(
    pipes: OutputPipes,
    readers: readonly FifoReader[],
    close: () => Promise<void>,
  ) {
    this.#pipes = pipes;
    this.#readers = readers;
    this.ended = Promise.all(readers.map((reader) => reader.ended)).then(close);
  }

  /**
   * Begins to deliver.
   *
   * @param pipes - exist; the container may have them open already
   */
  static async start(pipes: OutputPipes, sink: LogSink, logger: Logger): Promise<LogDelivery> {
    // A sink that fails must not block the container: its output is thrown away from then on.
    const fail = (err: unknown): void => {
      logger.warn({ err, pipe: pipes.stdout }, 'output of a container cannot be kept');
    };
    const into = (stream: 'stdout' | 'stderr'): ((bytes: Uint8Array) => Promise<void>) => {
      let failed = false;
      return async (bytes) => {
        if (failed) return;
        await sink.write(stream, bytes).catch((error: unknown) => {
          failed = true;
          fail(error);
        });
      };
    };
    const stdout = await FifoReader.open(pipes.stdout, into('stdout'));
    try {
      const stderr = await FifoReader.open(pipes.stderr, into('stderr'));
      return new LogDelivery(pipes, [stdout, stderr], () => sink.close().catch(fail));
    } catch (error) {
      await stdout.stop();
      throw error;
    }
  }

  /**
   * Waits for the rest of the output of a container that has ended.
   *
   * @param graceMs - how long a slow sink may take
   */
  async finish(graceMs: number): Promise<void> {
    await touchFifo(this.#pipes.stdout);
    await touchFifo(this.#pipes.stderr);
    await Promise.race([this.ended, sleep(graceMs, undefined, { ref: false })]);
  }

  /** Lets go of the pipes; the container waits when they are full, until somebody reads again. */
  async stop(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.stop()));
    await this.ended;
  }
}
