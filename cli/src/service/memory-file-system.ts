// SPDX-License-Identifier: Apache-2.0
import { statfs } from 'node:fs/promises';

/** File systems that are memory: tmpfs and ramfs (statfs(2)). */
const MEMORY_TYPES: readonly number[] = [0x0102_1994, 0x8584_58f6];

/**
 * Whether files in a directory are in memory and on no disk.
 *
 * @param directory - exists
 */
export async function isInMemory(directory: string): Promise<boolean> {
  return MEMORY_TYPES.includes((await statfs(directory)).type);
}
