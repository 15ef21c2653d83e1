// SPDX-License-Identifier: Apache-2.0
// The tests that start real container engines.
import { join } from 'node:path';
import { PreparationError, ROOT } from './prepare.mjs';
import { findObstacle, inPrivateNamespaces } from './private-namespaces.mjs';
import { runVitest } from './run-vitest.mjs';

/** @typedef {import('./test-summary.mjs').Counts} Counts */

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
  const config = join(ROOT, 'test/containers/vitest.config.ts');
  return inPrivateNamespaces((wrapper) => runVitest(['--config', config, ...args], wrapper));
}
