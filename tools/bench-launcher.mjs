// SPDX-License-Identifier: Apache-2.0
// `npm run bench:launcher [-- --quick] [-- --json FILE]`: how fast containers start and images are pulled, beside ctr and
// podman in the same run. Needs root and the container engines, and runs in namespaces of its own.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { containerSuite } from './container-suite.mjs';
import { prepare, ROOT, runMain } from './prepare.mjs';
import { provideSystemPrograms } from './system-programs.mjs';

await runMain(async () => {
  const { values } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } },
  });
  await prepare();
  await provideSystemPrograms();
  const usual = values.quick ? '.cache/bench/launcher.json' : 'bench/results/launcher.json';
  process.env['PROOFGATE_BENCH_JSON'] = values.json ?? join(ROOT, usual);
  if (values.quick) process.env['PROOFGATE_BENCH_QUICK'] = '1';
  const { failed } = await containerSuite([], join(ROOT, 'test/containers/bench/vitest.config.ts'));
  process.exitCode = failed > 0 ? 1 : 0;
});
