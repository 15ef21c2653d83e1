// SPDX-License-Identifier: Apache-2.0

/** Where the output of a container goes. */
export interface LogSink {
  /** Time of the last line that arrived, so that a reader can go on behind it; `undefined` when there is none. */
  readonly lastTime: Date | undefined;
  /**
   * Takes a piece of output, cut anywhere.
   *
   * @returns settles when more may come: a slow disk slows the container down instead of filling memory
   */
  write(stream: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
