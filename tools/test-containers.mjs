// SPDX-License-Identifier: Apache-2.0
// `node tools/test-containers.mjs [vitest arguments]`: the tests with real container engines alone.
import { containerSuite } from './container-suite.mjs';
import { prepare, runMain } from './prepare.mjs';
import { provideSystemPrograms } from './system-programs.mjs';
import { summaryLine } from './test-summary.mjs';

await runMain(async () => {
  await prepare();
  await provideSystemPrograms();
  const counts = await containerSuite(process.argv.slice(2));
  process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
  process.stdout.write(`\n${summaryLine(counts)}\n`);
});
