// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { CaError } from '../errors.ts';

/**
 * Reads a message whose size is bounded.
 *
 * @param message - a request or an answer
 * @param maxBytes - most that is read
 * @throws CaError `ERR_CA_ENROLMENT_INVALID` when it is larger, or ends before its end
 */
export async function readBody(message: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of message) {
      // Sound: no encoding was set.
      const bytes = part as Buffer;
      size += bytes.length;
      if (size > maxBytes) break;
      parts.push(bytes);
    }
  } catch (cause) {
    throw invalid('the message ended before its end', 'a whole message', 'a part', cause);
  }
  if (size > maxBytes) {
    throw invalid('the message is too large', `at most ${String(maxBytes)} bytes`, 'more');
  }
  return Buffer.concat(parts);
}

function invalid(message: string, expected: string, seen: string, cause?: unknown): CaError {
  return new CaError('ERR_CA_ENROLMENT_INVALID', message, {
    expected,
    seen,
    ...(cause === undefined ? {} : { cause }),
  });
}
