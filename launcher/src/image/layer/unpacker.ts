// SPDX-License-Identifier: Apache-2.0

/** Takes packed bytes and hands the unpacked ones to a function. */
export interface Unpacker {
  /** Resolves when everything that these bytes give has been handed over; rejects with what the function threw. */
  write(chunk: Uint8Array): Promise<void>;
  /** Rejects when the packed bytes end in the middle of something. */
  finish(): Promise<void>;
  /** Gives up. */
  close(): void;
}
