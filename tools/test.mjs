// SPDX-License-Identifier: Apache-2.0
// `npm test`: prepares this folder and runs every suite that CI runs. Arguments go to vitest:
// `npm test -- evidence/test`. The last line counts the tests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PreparationError, prepare, ROOT, runMain } from './prepare.mjs';
import { provideSystemPrograms } from './system-programs.mjs';
import { countTests, summaryLine } from './test-summary.mjs';

/** @typedef {import('./test-summary.mjs').Report} Report */

/**
 * @param {string} reportFile
 * @returns {Promise<number>} exit status
 */
async function runVitest(reportFile) {
  const args = [
    join(ROOT, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
    ...process.argv.slice(2),
  ];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
  const stop = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
  // A terminal's Ctrl-C reaches vitest by itself; without a handler this process would not wait for its clean-up.
  process.on('SIGINT', () => undefined).on('SIGTERM', stop);
  const [status] = /** @type {[number | null]} */ (await once(child, 'close'));
  return status ?? 1;
}

/** @param {string} reportFile */
function readReport(reportFile) {
  try {
    return /** @type {Report} */ (JSON.parse(readFileSync(reportFile, 'utf8')));
  } catch {
    throw new PreparationError('vitest ended without a report; its output is above');
  }
}

await runMain(async () => {
  await prepare();
  await provideSystemPrograms();
  const directory = mkdtempSync(join(tmpdir(), 'proofgate-test-'));
  try {
    const reportFile = join(directory, 'report.json');
    const status = await runVitest(reportFile);
    const counts = countTests(readReport(reportFile), status);
    if (counts.passed + counts.failed === 0) process.stderr.write('no test ran\n');
    process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
    process.stdout.write(`\n${summaryLine(counts)}\n`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
