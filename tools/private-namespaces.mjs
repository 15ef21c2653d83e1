// SPDX-License-Identifier: Apache-2.0
// Where real container engines run: as root in mount, network and process namespaces made for them, so that neither a
// failure nor a kill leaves a process, mount, link or firewall rule behind; control groups, which no namespace holds, are
// removed afterwards.
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './prepare.mjs';
import { missingPrograms } from './system-programs.mjs';

/** Where this program is in such namespaces itself; process ids are unique within them alone. */
const OUTER = process.env['PROOFGATE_TEST_CGROUP'];

/** The control group below which everything in the namespaces is; passed on as an environment variable. */
const CGROUP = `${OUTER === undefined ? 'proofgate-test-' : `${OUTER}/`}${String(process.pid)}`;

const CGROUP_ROOT = '/sys/fs/cgroup';

/** All of these, since killing the first process ends the rest. */
const NAMESPACES = [
  'unshare',
  ...['--mount', '--propagation', 'private', '--net', '--pid', '--fork', '--kill-child'],
  '--mount-proc',
];

/** @returns {string | undefined} why container engines cannot run here */
export function findObstacle() {
  if (process.platform !== 'linux') return 'they need Linux';
  if (process.getuid?.() !== 0) return 'they need root';
  const missing = missingPrograms();
  return missing.length === 0 ? undefined : `not on this machine: ${missing.join(', ')}`;
}

/**
 * Lets something run in namespaces and cleans up after it.
 *
 * @template T
 * @param {(wrapper: readonly string[]) => Promise<T>} run gets the program and arguments to put before its own
 * @returns {Promise<T>}
 */
export async function inPrivateNamespaces(run) {
  process.env['PROOFGATE_TEST_CGROUP'] = CGROUP;
  try {
    return await run([...NAMESPACES, join(ROOT, 'tools/private-namespaces.sh')]);
  } finally {
    removeControlGroups();
  }
}

/** Version 2 has one tree, version 1 one for each controller. */
function removeControlGroups() {
  const trees = [CGROUP_ROOT, ...directoriesIn(CGROUP_ROOT)];
  for (const tree of trees) {
    const group = join(tree, CGROUP);
    if (existsSync(group)) removeTree(group);
  }
}

/**
 * Depth first: a control group can be removed only when it has no children, and its files never can.
 *
 * @param {string} directory
 */
function removeTree(directory) {
  for (const child of directoriesIn(directory)) removeTree(child);
  rmdirSync(directory);
}

/** @param {string} directory */
function directoriesIn(directory) {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(directory, entry.name));
}
