// SPDX-License-Identifier: Apache-2.0

/** Output of a container, kept in memory. Structurally the launcher's `LogSink`. */
export interface MemorySink {
  readonly lastTime: undefined;
  write(stream: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
  /** What has arrived so far. */
  text(stream: 'stdout' | 'stderr'): string;
  readonly closed: boolean;
}

/** A sink that takes everything at once. */
export function memorySink(): MemorySink {
  const chunks = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  let closed = false;
  return {
    lastTime: undefined,
    write: (stream, bytes) => {
      chunks[stream].push(bytes);
      return Promise.resolve();
    },
    close: () => {
      closed = true;
      return Promise.resolve();
    },
    text: (stream) => Buffer.concat(chunks[stream]).toString(),
    get closed() {
      return closed;
    },
  };
}
