// SPDX-License-Identifier: Apache-2.0
// Runs vitest as a child and counts what it ran.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PreparationError, ROOT } from './prepare.mjs';
import { countTests } from './test-summary.mjs';

/** @typedef {import('./test-summary.mjs').Counts} Counts */
/** @typedef {import('./test-summary.mjs').Report} Report */

/**
 * @param {readonly string[]} args for `vitest run`
 * @param {readonly string[]} [wrapper] program and arguments that run vitest for us
 * @returns {Promise<Counts>}
 * @throws {PreparationError} when vitest ends without a report
 */
export async function runVitest(args, wrapper = []) {
  const directory = mkdtempSync(join(tmpdir(), 'proofgate-test-'));
  try {
    const reportFile = join(directory, 'report.json');
    const [program = '', ...rest] = [
      ...wrapper,
      process.execPath,
      join(ROOT, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${reportFile}`,
      ...args,
    ];
    const child = spawn(program, rest, { cwd: ROOT, stdio: 'inherit' });
    const stop = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
    // A terminal's Ctrl-C reaches vitest by itself; without a handler this process would not wait for its clean-up.
    process.on('SIGINT', () => undefined).on('SIGTERM', stop);
    const [status] = /** @type {[number | null]} */ (await once(child, 'close'));
    process.removeListener('SIGTERM', stop);
    return countTests(readReport(reportFile), status ?? 1);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @param {string} reportFile */
function readReport(reportFile) {
  try {
    return /** @type {Report} */ (JSON.parse(readFileSync(reportFile, 'utf8')));
  } catch {
    throw new PreparationError('vitest ended without a report; its output is above');
  }
}
