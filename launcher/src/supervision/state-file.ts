// SPDX-License-Identifier: Apache-2.0
import { DaemonError, readJsonFile } from '@proofgate/daemon';

/**
 * Reads a file that an earlier launcher may have left.
 *
 * @param path - the file
 * @param parse - reads the value strictly, or throws
 * @returns what it holds, or `undefined` when there is no file
 * @throws DaemonError when it cannot be read or is not JSON; whatever `parse` throws
 */
export async function readStateFile<T>(
  path: string,
  parse: (value: unknown) => T,
): Promise<T | undefined> {
  try {
    return await readJsonFile(path, parse);
  } catch (error) {
    if (error instanceof DaemonError && error.code === 'ERR_DAEMON_FILE_MISSING') return undefined;
    throw error;
  }
}

/**
 * Reads an object's fields.
 *
 * @param value - a value of a state file
 * @returns its fields, still unknown
 * @throws TypeError when it is not an object
 */
export function readFields(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new TypeError('not an object');
  return { ...value };
}
