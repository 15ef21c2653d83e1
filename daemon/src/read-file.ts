// SPDX-License-Identifier: Apache-2.0
import { createReadStream } from 'node:fs';
import { DaemonError } from './errors.ts';

/**
 * Reads a whole file of bounded size. The bound holds for what is read, not for what the file system says, so that
 * pipes and files that grow meanwhile are bounded as well.
 *
 * @throws DaemonError `ERR_DAEMON_FILE_MISSING`, `ERR_DAEMON_FILE_UNREADABLE` or `ERR_DAEMON_FILE_TOO_LARGE`
 */
export async function readBoundedFile(path: string, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  try {
    const stream: AsyncIterable<Uint8Array> = createReadStream(path, { end: maxBytes });
    for await (const chunk of stream) {
      chunks.push(chunk);
      total += chunk.length;
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
  if (total > maxBytes) {
    throw new DaemonError('ERR_DAEMON_FILE_TOO_LARGE', `${path} is too large`, {
      expected: `at most ${String(maxBytes)} bytes`,
      seen: 'more',
    });
  }
  return Buffer.concat(chunks, total);
}

function unreadable(path: string, cause: unknown): DaemonError {
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
  if (reason === 'ENOENT') {
    return new DaemonError('ERR_DAEMON_FILE_MISSING', `${path} does not exist`, { cause });
  }
  return new DaemonError('ERR_DAEMON_FILE_UNREADABLE', `cannot read ${path} (${reason})`, {
    cause,
  });
}
