// SPDX-License-Identifier: Apache-2.0

/** Bytes that arrive in pieces. Doubles its storage, so that n one-byte pieces cost O(n) copying, not O(n²). */
export class GrowingBytes {
  private storage: Buffer;
  private used = 0;

  constructor(initialBytes: number) {
    this.storage = Buffer.allocUnsafe(initialBytes);
  }

  get length(): number {
    return this.used;
  }

  append(piece: Uint8Array): void {
    const needed = this.used + piece.length;
    if (needed > this.storage.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.storage.length * 2));
      this.storage.copy(grown, 0, 0, this.used);
      this.storage = grown;
    }
    this.storage.set(piece, this.used);
    this.used = needed;
  }

  /** A view, valid until the next `append`. */
  view(start = 0, end: number = this.used): Buffer {
    return this.storage.subarray(start, Math.min(end, this.used));
  }
}
