// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { AttesterError } from '../errors.ts';

/** A kernel file whose content is one value. */
export interface AttributeFile {
  /** Reads the whole value, at most `maxBytes`. */
  read(maxBytes: number): Promise<Uint8Array>;
  /** Writes a value with one `write(2)`. */
  write(value: Uint8Array): Promise<void>;
}

/**
 * A real kernel file.
 *
 * @param path - where it is
 * @returns its two operations
 */
export function attributeFile(path: string): AttributeFile {
  return {
    read: (maxBytes) => readAttributeFile(path, maxBytes),
    write: (value) => writeAttributeFile(path, value),
  };
}

/**
 * Reads a kernel attribute file (configfs, sysfs, ACPI) to its end. The size that `stat` reports for such a file
 * means nothing, so it is read until the kernel says that there is no more.
 *
 * Some of these reads block for seconds. They run on libuv's thread pool, so the event loop stays free; callers
 * allow one at a time, so at most one of the pool's four threads is taken. A worker thread would cost a second
 * V8 isolate and a message protocol and could not interrupt the system call either.
 *
 * @param path - the file
 * @param maxBytes - the largest content to accept
 * @returns the content
 * @throws AttesterError `ERR_ATTESTER_ATTRIBUTE_TOO_LARGE`; system errors pass through unchanged
 */
export async function readAttributeFile(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await open(path, constants.O_RDONLY);
  try {
    // One byte more than allowed tells "exactly full" from "too large".
    const content = new Uint8Array(maxBytes + 1);
    let length = 0;
    while (length < content.length) {
      const { bytesRead } = await file.read(content, length, content.length - length, null);
      if (bytesRead === 0) return content.slice(0, length);
      length += bytesRead;
    }
  } finally {
    await file.close();
  }
  throw new AttesterError(
    'ERR_ATTESTER_ATTRIBUTE_TOO_LARGE',
    `kernel file ${path} holds more than ${maxBytes} bytes`,
    { expected: `at most ${maxBytes} bytes` },
  );
}

/**
 * Writes a value to a kernel attribute file with a single `write(2)`. The file is opened for writing only: it is
 * never created, truncated or appended to, because the kernel gives each of these a meaning of its own or none.
 *
 * @param path - the file, which must exist
 * @param value - all that the attribute shall take
 * @throws AttesterError `ERR_ATTESTER_SHORT_WRITE`; system errors pass through unchanged
 */
export async function writeAttributeFile(path: string, value: Uint8Array): Promise<void> {
  const file = await open(path, constants.O_WRONLY);
  try {
    const { bytesWritten } = await file.write(value, 0, value.length, null);
    if (bytesWritten !== value.length) {
      throw new AttesterError(
        'ERR_ATTESTER_SHORT_WRITE',
        `kernel file ${path} took ${bytesWritten} of ${value.length} bytes`,
        { expected: String(value.length), seen: String(bytesWritten) },
      );
    }
  } finally {
    await file.close();
  }
}
