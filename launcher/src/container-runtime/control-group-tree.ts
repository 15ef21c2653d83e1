// SPDX-License-Identifier: Apache-2.0
import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Where control groups are mounted, on every distribution. */
const CONTROL_GROUPS = '/sys/fs/cgroup';

/**
 * Removes a control group and those below it, which engines leave behind. One with processes in it stays.
 *
 * @param group - its path, as `/proofgate-0a1b2c3d`
 * @param root - where control groups are mounted
 */
export async function removeControlGroup(
  group: string,
  root: string = CONTROL_GROUPS,
): Promise<void> {
  // Version 2 has one tree, version 1 one for each controller.
  const trees = [root, ...(await directoriesIn(root))];
  for (const tree of trees) await removeTree(join(tree, group));
}

/** Depth first: a control group can be removed only when it has no children, and its files never can. */
async function removeTree(directory: string): Promise<void> {
  for (const child of await directoriesIn(directory)) await removeTree(child);
  await rmdir(directory).catch(() => undefined);
}

async function directoriesIn(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(directory, entry.name));
}
