// SPDX-License-Identifier: Apache-2.0

/** Largest block of a frame (RFC 8878 section 3.1.1.2.4). */
const MAX_BLOCK = 128 * 1024;
const MAGIC = 0xfd2fb528;
/** Frame header: no checksum, no content size, then a window of 128 KiB (RFC 8878 section 3.1.1.1). */
const FRAME_HEADER = [0x00, 0x38];

/** Bytes as a Zstandard frame; runs of one byte become a block of four bytes, everything else is stored. */
export function zstdOf(bytes: Uint8Array): Buffer {
  const parts: Uint8Array[] = [frameStart()];
  if (bytes.length === 0) parts.push(blockHeader(0, 0, true));
  for (let at = 0; at < bytes.length; at += MAX_BLOCK) {
    const block = bytes.subarray(at, at + MAX_BLOCK);
    const last = at + MAX_BLOCK >= bytes.length;
    const first = block[0]!;
    const run = block.every((byte) => byte === first);
    parts.push(blockHeader(run ? 1 : 0, block.length, last));
    parts.push(run ? block.subarray(0, 1) : block);
  }
  return Buffer.concat(parts);
}

/** A frame that unpacks to this many zero bytes after a prefix. */
export function zstdBomb(prefix: Uint8Array, zeros: number): Buffer {
  const parts: Uint8Array[] = [frameStart()];
  for (let at = 0; at < prefix.length; at += MAX_BLOCK) {
    const block = prefix.subarray(at, at + MAX_BLOCK);
    parts.push(blockHeader(0, block.length, false), block);
  }
  for (let left = zeros; left > 0; left -= MAX_BLOCK) {
    parts.push(blockHeader(1, Math.min(left, MAX_BLOCK), false), Buffer.alloc(1));
  }
  parts.push(blockHeader(0, 0, true));
  return Buffer.concat(parts);
}

function frameStart(): Buffer {
  const start = Buffer.alloc(4 + FRAME_HEADER.length);
  start.writeUInt32LE(MAGIC, 0);
  start.set(FRAME_HEADER, 4);
  return start;
}

/** Types: 0 stored, 1 run (RFC 8878 section 3.1.1.2). */
function blockHeader(type: 0 | 1, size: number, last: boolean): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE(size * 8 + type * 2 + (last ? 1 : 0), 0, 3);
  return header;
}
