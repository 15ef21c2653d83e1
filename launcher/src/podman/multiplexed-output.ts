// SPDX-License-Identifier: Apache-2.0

/** Output of a program, each stream up to a limit. */
export interface CollectedOutput {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/** Number of the stream, three zeros, length of the piece (Docker Engine API, "Stream format"). */
const HEADER_BYTES = 8;
const STDERR = 2;

/**
 * Takes apart a stream in which an engine mixes both outputs of a program, and keeps the beginning of each. Memory is
 * bounded by the limit, whatever the program prints.
 */
export class MultiplexedOutput {
  readonly #limit: number;
  readonly #kept = { stdout: new Kept(), stderr: new Kept() };
  readonly #header: Buffer = Buffer.alloc(HEADER_BYTES);
  #headerLength = 0;
  /** Bytes of the current piece that are still to come. */
  #left = 0;
  #stream: 'stdout' | 'stderr' = 'stdout';

  /** @param maxBytes - of each stream; the rest is thrown away */
  constructor(maxBytes: number) {
    this.#limit = maxBytes;
  }

  /** @param bytes - of the stream, cut anywhere */
  push(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.length > 0)
      rest = this.#left > 0 ? this.#takeContent(rest) : this.#takeHeader(rest);
  }

  /** What has been kept so far. */
  get output(): CollectedOutput {
    const { stdout, stderr } = this.#kept;
    return { stdout: stdout.bytes, stderr: stderr.bytes };
  }

  #takeHeader(bytes: Uint8Array): Uint8Array {
    const taken = bytes.subarray(0, HEADER_BYTES - this.#headerLength);
    this.#header.set(taken, this.#headerLength);
    this.#headerLength += taken.length;
    if (this.#headerLength === HEADER_BYTES) {
      this.#headerLength = 0;
      this.#stream = this.#header[0] === STDERR ? 'stderr' : 'stdout';
      this.#left = this.#header.readUInt32BE(4);
    }
    return bytes.subarray(taken.length);
  }

  #takeContent(bytes: Uint8Array): Uint8Array {
    const content = bytes.subarray(0, this.#left);
    this.#left -= content.length;
    this.#kept[this.#stream].add(content, this.#limit);
    return bytes.subarray(content.length);
  }
}

/** The beginning of a stream. */
class Kept {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  get bytes(): Uint8Array {
    return Buffer.concat(this.#pieces);
  }

  add(bytes: Uint8Array, limit: number): void {
    const piece = bytes.subarray(0, limit - this.#length);
    if (piece.length === 0) return;
    this.#pieces.push(Uint8Array.from(piece));
    this.#length += piece.length;
  }
}
