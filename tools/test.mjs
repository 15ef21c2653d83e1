// SPDX-License-Identifier: Apache-2.0
// `npm test`: prepares this folder and runs every suite that CI runs. Arguments go to vitest and leave the suite with
// real container engines out: `npm test -- evidence/test`. The last line counts the tests.
import { containerSuite } from './container-suite.mjs';
import { prepare, runMain } from './prepare.mjs';
import { runVitest } from './run-vitest.mjs';
import { provideSystemPrograms } from './system-programs.mjs';
import { addCounts, summaryLine } from './test-summary.mjs';

await runMain(async () => {
  await prepare();
  await provideSystemPrograms();
  const args = process.argv.slice(2);
  let counts = await runVitest(args);
  if (args.length === 0) counts = addCounts(counts, await containerSuite([]));
  if (counts.passed + counts.failed === 0) process.stderr.write('no test ran\n');
  process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
  process.stdout.write(`\n${summaryLine(counts)}\n`);
});
