// SPDX-License-Identifier: Apache-2.0
import { ZstdCorrupt } from './zstd-corrupt.ts';

/** The beginning of a frame (RFC 8878 sections 3.1.1.1 and 3.1.2). */
export type FrameHeader =
  | { readonly kind: 'skippable'; readonly size: number }
  | {
      readonly kind: 'data';
      /** Farthest that a match may reach back. */
      readonly windowBytes: number;
      /** Size of all that the frame unpacks to, if it says so. */
      readonly contentBytes: number | undefined;
      /** Whether four bytes of checksum follow the last block. */
      readonly checksum: boolean;
    };

/** Magic, descriptor, window, dictionary, content size. */
export const MAX_FRAME_HEADER_BYTES: number = 4 + 1 + 1 + 4 + 8;

const MAGIC = 0xfd2fb528;
/** The lowest four bits are for whoever wrote the frame. */
const SKIPPABLE_MAGIC = 0x184d2a50;
const MAGIC_BYTES = 4;
const SKIPPABLE_HEADER_BYTES = 8;

/** By the two flags of the descriptor. */
const DICTIONARY_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];
/** A content size of two bytes does not count what one byte could say. */
const TWO_BYTE_OFFSET = 256;

/** How many bytes the header has in all, as far as what is there of it tells. */
export function frameHeaderSize(bytes: Uint8Array): number {
  if (bytes.length < MAGIC_BYTES) return MAGIC_BYTES;
  if (isSkippable(bytes)) return SKIPPABLE_HEADER_BYTES;
  if (bytes.length < MAGIC_BYTES + 1) return MAGIC_BYTES + 1;
  const { windowSize, dictionarySize, contentSize } = sizesOf(bytes);
  return MAGIC_BYTES + 1 + windowSize + dictionarySize + contentSize;
}

/**
 * Reads a header that is there in full.
 *
 * @throws ZstdCorrupt also for frames that need a dictionary, which layers cannot have
 */
export function parseFrameHeader(bytes: Uint8Array): FrameHeader {
  if (isSkippable(bytes)) return { kind: 'skippable', size: numberAt(bytes, MAGIC_BYTES, 4) };
  if (numberAt(bytes, 0, MAGIC_BYTES) !== MAGIC) throw new ZstdCorrupt('not a Zstandard frame');
  const descriptor = bytes[MAGIC_BYTES] ?? 0;
  if ((descriptor & 0x08) !== 0) throw new ZstdCorrupt('frame has a reserved bit');
  const { windowSize, dictionarySize, contentSize } = sizesOf(bytes);
  const windowAt = MAGIC_BYTES + 1;
  const dictionaryAt = windowAt + windowSize;
  const contentAt = dictionaryAt + dictionarySize;
  if (numberAt(bytes, dictionaryAt, dictionarySize) !== 0) {
    throw new ZstdCorrupt('frame needs a dictionary');
  }
  const offset = contentSize === 2 ? TWO_BYTE_OFFSET : 0;
  const contentBytes =
    contentSize === 0 ? undefined : numberAt(bytes, contentAt, contentSize) + offset;
  const windowBytes = windowSize === 0 ? (contentBytes ?? 0) : windowOf(bytes[windowAt] ?? 0);
  return { kind: 'data', windowBytes, contentBytes, checksum: (descriptor & 0x04) !== 0 };
}

function isSkippable(bytes: Uint8Array): boolean {
  const magic = numberAt(bytes, 0, MAGIC_BYTES);
  return magic >= SKIPPABLE_MAGIC && magic < SKIPPABLE_MAGIC + 16;
}

function sizesOf(bytes: Uint8Array): {
  readonly windowSize: number;
  readonly dictionarySize: number;
  readonly contentSize: number;
} {
  const descriptor = bytes[MAGIC_BYTES] ?? 0;
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentSize = CONTENT_SIZE_BYTES[descriptor >> 6] ?? 0;
  return {
    windowSize: singleSegment ? 0 : 1,
    dictionarySize: DICTIONARY_BYTES[descriptor & 3] ?? 0,
    contentSize: singleSegment && contentSize === 0 ? 1 : contentSize,
  };
}

/** RFC 8878 section 3.1.1.1.2. */
function windowOf(byte: number): number {
  const base = 2 ** (10 + (byte >> 3));
  return base + (base / 8) * (byte & 7);
}

/** Lowest byte first. */
function numberAt(bytes: Uint8Array, start: number, length: number): number {
  let value = 0;
  for (let at = length - 1; at >= 0; at -= 1) value = value * 256 + (bytes[start + at] ?? 0);
  return value;
}
