// SPDX-License-Identifier: Apache-2.0
// The tests that start real container engines. They run as root in mount, network and process namespaces made for them,
// so that neither a failure nor a kill leaves a process, mount, link or firewall rule behind; control groups, which no
// namespace holds, are removed afterwards.
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { PreparationError, ROOT } from './prepare.mjs';
import { runVitest } from './run-vitest.mjs';
import { missingPrograms } from './system-programs.mjs';

/** @typedef {import('./test-summary.mjs').Counts} Counts */

/** The control group below which every test keeps its own; passed on as an environment variable. */
const CGROUP = `proofgate-test-${String(process.pid)}`;

const CGROUP_ROOT = '/sys/fs/cgroup';

/** All of these, since killing the first process ends the rest. */
const NAMESPACES = [
  'unshare',
  ...['--mount', '--propagation', 'private', '--net', '--pid', '--fork', '--kill-child'],
  '--mount-proc',
];

/**
 * @param {readonly string[]} args for vitest
 * @returns {Promise<Counts>}
 * @throws {PreparationError} on a CI machine that cannot run them
 */
export async function containerSuite(args) {
  const obstacle = findObstacle();
  if (obstacle !== undefined) {
    if (process.env['CI'] === 'true') throw new PreparationError(obstacle);
    process.stderr.write(`the tests with container engines are skipped: ${obstacle}\n`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  process.env['PROOFGATE_TEST_CGROUP'] = CGROUP;
  try {
    const config = join(ROOT, 'test/containers/vitest.config.ts');
    const wrapper = [...NAMESPACES, join(ROOT, 'tools/private-namespaces.sh')];
    return await runVitest(['--config', config, ...args], wrapper);
  } finally {
    removeControlGroups();
  }
}

/** @returns {string | undefined} why they cannot run here */
function findObstacle() {
  if (process.platform !== 'linux') return 'they need Linux';
  if (process.getuid?.() !== 0) return 'they need root';
  const missing = missingPrograms();
  return missing.length === 0 ? undefined : `not on this machine: ${missing.join(', ')}`;
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
