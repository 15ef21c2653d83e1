// SPDX-License-Identifier: Apache-2.0

/** What one read may bring. */
const READ_BYTES = 65_536;

/** Room before the bytes of a read, so that a head fits in front of content that was read behind another one. */
const HEADROOM = 2_048;

const STORAGE: Buffer = Buffer.allocUnsafeSlow(HEADROOM + READ_BYTES);

/**
 * Reads from all upstreams go into these bytes, which saves an allocation for each. Sound because a read is handled
 * before the next one begins; whoever wants to keep what was read takes a copy.
 */
export const READ_BUFFER: Buffer = STORAGE.subarray(HEADROOM);

/**
 * Puts a head right in front of content of the read that is being handled, over bytes that have been consumed.
 *
 * @param head in latin1
 * @returns `undefined` when `content` is not of such a read, or has no room before it
 */
export function inFrontOf(head: string, content: Uint8Array): Buffer | undefined {
  const start = content.byteOffset - head.length;
  if (content.buffer !== STORAGE.buffer || start < 0) return undefined;
  STORAGE.write(head, start, 'latin1');
  return STORAGE.subarray(start, content.byteOffset + content.length);
}
