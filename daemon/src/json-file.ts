// SPDX-License-Identifier: Apache-2.0
import { DaemonError } from './errors.ts';
import { readBoundedFile } from './read-file.ts';

/** State files hold a few megabytes at most; anything above is not ours. */
export const MAX_JSON_FILE_BYTES = 67_108_864;

/**
 * Reads a JSON file once, from `unknown` to a type.
 *
 * @param parse reads the value strictly, or throws
 * @throws DaemonError `ERR_DAEMON_FILE_MISSING`, `ERR_DAEMON_FILE_UNREADABLE`, `ERR_DAEMON_FILE_TOO_LARGE` or
 *   `ERR_DAEMON_JSON_INVALID`; whatever `parse` throws
 */
export async function readJsonFile<T>(
  path: string,
  parse: (value: unknown) => T,
  { maxBytes = MAX_JSON_FILE_BYTES }: { readonly maxBytes?: number } = {},
): Promise<T> {
  return parse(parseJson(await readBoundedFile(path, maxBytes), path));
}

/**
 * Reads JSON text in UTF-8.
 *
 * @param what names the text in the error
 * @throws DaemonError `ERR_DAEMON_JSON_INVALID`
 */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new DaemonError('ERR_DAEMON_JSON_INVALID', `${what} is not valid JSON`, { cause });
  }
}
