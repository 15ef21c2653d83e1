// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '@proofgate/daemon';
import { LineCutter } from './line-cutter.ts';
import { LOG_BURST_BYTES, LOG_BYTES_PER_SECOND, LogRate } from './log-rate.ts';
import type { LogSink } from './log-sink.ts';
import type { RingFile } from './ring-file.ts';
import { timedLine } from './timed-line.ts';

/** The streams of a container. */
type Stream = 'stdout' | 'stderr';

/** Where a log gets the time from. */
export interface LogClock {
  /** Wall clock, for people. */
  readonly date: () => Date;
  /** Monotonic milliseconds, for rates. */
  readonly now: () => number;
}

/** The files of a workload's log, which all of its containers share. */
export type RingFiles = Readonly<Record<Stream, RingFile>>;

/** Longest line that is kept whole, as engines have it. */
export const MAX_LINE_BYTES: number = 16 * 1024;

/** After a disk has refused, this long nothing is written: a container that prints a lot does not make it worse. */
export const RETRY_AFTER_MS = 5_000;

/**
 * The log of one container: each line with the time when it arrived, in a file of its stream. It is bounded in size and
 * rate; what is more is left out, and a line says how much. A container never waits for the log longer than the disk
 * takes to write, and a disk that fails costs lines and nothing else.
 */
export class RingLog implements LogSink {
  readonly #files: RingFiles;
  readonly #clock: LogClock;
  readonly #logger: Logger;
  readonly #rate: LogRate;
  readonly #cutters: Readonly<Record<Stream, LineCutter>>;
  readonly #onClose: () => Promise<void>;
  #omitted = 0;
  #lastTime: Date | undefined;
  #brokenSince: number | undefined;
  #closing: Promise<void> | undefined;

  /**
   * @param files - of the workload
   * @param options - clock, logger, time of the last line that is in the files, and what to do in the end
   */
  constructor(
    files: RingFiles,
    options: {
      readonly clock: LogClock;
      readonly logger: Logger;
      readonly lastTime: Date | undefined;
      readonly onClose: () => Promise<void>;
    },
  ) {
    this.#files = files;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#lastTime = options.lastTime;
    this.#onClose = options.onClose;
    this.#rate = new LogRate(LOG_BYTES_PER_SECOND, LOG_BURST_BYTES, options.clock.now());
    this.#cutters = {
      stdout: new LineCutter(MAX_LINE_BYTES),
      stderr: new LineCutter(MAX_LINE_BYTES),
    };
  }

  get lastTime(): Date | undefined {
    return this.#lastTime;
  }

  write(stream: Stream, bytes: Uint8Array): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    return this.#append(stream, this.#cutters[stream].push(bytes));
  }

  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  async #finish(): Promise<void> {
    for (const stream of ['stdout', 'stderr'] as const) {
      const last = this.#cutters[stream].end();
      await this.#append(stream, last === undefined ? [] : [last]);
    }
    await this.#append('stderr', [], true);
    await this.#onClose();
  }

  /** Stamps the lines before anything is awaited, so that their order and time are those of their arrival. */
  #append(stream: Stream, lines: readonly Buffer[], last = false): Promise<void> {
    const stamped: Buffer[] = [];
    const now = this.#clock.now();
    const time = this.#clock.date();
    for (const line of lines) {
      const whole = timedLine(time, line);
      this.#lastTime = time;
      if (this.#rate.take(whole.length, now)) {
        stamped.push(...this.#omission(time), whole);
      } else {
        this.#omitted += 1;
      }
    }
    if (last) stamped.push(...this.#omission(time));
    if (stamped.length === 0) return Promise.resolve();
    return this.#keep(stream, Buffer.concat(stamped), now);
  }

  #omission(time: Date): readonly Buffer[] {
    if (this.#omitted === 0) return [];
    const text = `[${String(this.#omitted)} lines left out: the log takes ${String(LOG_BYTES_PER_SECOND)} bytes a second]`;
    this.#omitted = 0;
    return [timedLine(time, Buffer.from(text))];
  }

  async #keep(stream: Stream, bytes: Buffer, now: number): Promise<void> {
    if (this.#brokenSince !== undefined && now - this.#brokenSince < RETRY_AFTER_MS) return;
    try {
      await this.#files[stream].append(bytes);
      this.#brokenSince = undefined;
    } catch (err) {
      if (this.#brokenSince === undefined) {
        this.#logger.warn({ err }, 'the output of a container cannot be written');
      }
      this.#brokenSince = now;
    }
  }
}
