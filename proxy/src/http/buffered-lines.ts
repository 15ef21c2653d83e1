// SPDX-License-Identifier: Apache-2.0

/** How long a line may wait. Someone who watches the log does not notice. */
const FLUSH_MS = 100;

/** Written before that when so much waits. */
const FLUSH_BYTES = 65_536;

/** What a pipe takes whole (PIPE_BUF of Linux): workers share one, and lines of two must not run into each other. */
const MAX_WRITE_BYTES = 4_096;

/** Held when nobody reads the log; then lines are lost, and counted. */
const MAX_HELD_BYTES = 1_048_576;

/** Where lines go in the end. */
export interface LineSink {
  /** Writes at once. @returns how many bytes were taken. @throws an error with code EAGAIN when none are for now */
  write(bytes: Uint8Array): number;
  /** Tells of lines that were lost. */
  onLost(lines: number): void;
}

/**
 * Log lines that are written together: one write for each of them costs more than what they tell about. Not for lines
 * that explain a crash.
 */
export class BufferedLines {
  private readonly sink: LineSink;
  private held: Buffer[] = [];
  private heldBytes = 0;
  private lost = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(sink: LineSink) {
    this.sink = sink;
  }

  /** Takes a line with its end. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.heldBytes + bytes.length > MAX_HELD_BYTES) {
      this.lost += 1;
      return;
    }
    this.held.push(bytes);
    this.heldBytes += bytes.length;
    if (this.heldBytes >= FLUSH_BYTES) this.flush();
    else this.schedule();
  }

  /** Writes what is held, as far as it is taken. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    try {
      while (this.held.length > 0) this.writePiece();
      if (this.lost > 0) this.sink.onLost(this.lost);
      this.lost = 0;
    } catch (error) {
      if (isBusy(error)) this.schedule();
      // A log that has gone must not end the service.
      else this.drop();
    }
  }

  private writePiece(): void {
    let count = 0;
    let bytes = 0;
    for (const line of this.held) {
      if (count > 0 && bytes + line.length > MAX_WRITE_BYTES) break;
      count += 1;
      bytes += line.length;
    }
    const piece = Buffer.concat(this.held.slice(0, count), bytes);
    const taken = this.sink.write(piece);
    this.held.splice(0, count, ...(taken < bytes ? [piece.subarray(taken)] : []));
    this.heldBytes -= taken;
  }

  private drop(): void {
    this.lost += this.held.length;
    this.held = [];
    this.heldBytes = 0;
  }

  private schedule(): void {
    if (this.timer !== undefined) return;
    this.timer = setTimeout(() => this.flush(), FLUSH_MS);
    this.timer.unref();
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}
