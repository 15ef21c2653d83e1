// SPDX-License-Identifier: Apache-2.0

const LINE_FEED = 0x0a;

/** Puts together lines from bytes that arrive in pieces, cut anywhere. */
export class LineCutter {
  readonly #maxBytes: number;
  #pending: Buffer = Buffer.alloc(0);
  #skipping = false;

  /** @param maxBytes - longest line; what goes on without an end is cut into pieces of this size */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Throws away what comes before the next line. */
  skipLine(): void {
    this.#pending = Buffer.alloc(0);
    this.#skipping = true;
  }

  /**
   * Takes the next bytes.
   *
   * @param bytes - may be changed by the caller afterwards
   * @returns the lines that they complete, without their ends
   */
  push(bytes: Uint8Array): readonly Buffer[] {
    const lines: Buffer[] = [];
    let rest = Buffer.concat([this.#pending, bytes]);
    for (;;) {
      const end = rest.indexOf(LINE_FEED);
      const cut = end === -1 || end > this.#maxBytes ? this.#maxBytes : end;
      if (cut > rest.length || (end === -1 && cut === rest.length)) break;
      if (!this.#skipping) lines.push(rest.subarray(0, cut));
      if (cut === end) this.#skipping = false;
      rest = rest.subarray(cut === end ? cut + 1 : cut);
    }
    // A copy: the large buffer that it is a part of would stay otherwise.
    this.#pending = Buffer.from(rest);
    return lines;
  }

  /** The beginning of a line whose end has not arrived, when there is any; it is forgotten. */
  end(): Buffer | undefined {
    const last = this.#pending;
    this.#pending = Buffer.alloc(0);
    return last.length === 0 || this.#skipping ? undefined : last;
  }
}
