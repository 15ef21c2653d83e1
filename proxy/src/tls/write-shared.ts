// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/**
 * Writes bytes that are overwritten soon after, copying them only if they would have to wait.
 *
 * A TLS socket encrypts what it is given before its `write` returns, unless an earlier write is still under way: then
 * the stream keeps the bytes as they are, as all other streams may do at any time.
 *
 * @returns false when the caller should wait for `drain`
 */
export function writeShared(stream: Duplex, bytes: Uint8Array): boolean {
  return stream.write(takesAtOnce(stream) ? bytes : Buffer.from(bytes));
}

/** Whether what is written next is consumed before `write` returns. */
export function takesAtOnce(stream: Duplex): boolean {
  return stream instanceof TLSSocket && stream.writableLength === 0 && stream.writableCorked === 0;
}
