// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/**
 * Makes sure that names which were made, replaced or removed in a directory stay so when the power fails.
 *
 * @param path - the directory
 */
export async function flushDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
