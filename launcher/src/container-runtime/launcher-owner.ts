// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';

/** Enough to tell the launchers of one machine apart; names of links and control groups are made of it. */
const OWNER_DIGITS = 8;

/**
 * Tells this launcher's containers, links and rules from those of another one on the same machine.
 *
 * @param dataDir - its data directory; exists
 * @returns eight hex digits, the same as long as the directory is
 */
export async function launcherOwner(dataDir: string): Promise<string> {
  const path = await realpath(dataDir);
  return createHash('sha256').update(path).digest('hex').slice(0, OWNER_DIGITS);
}
