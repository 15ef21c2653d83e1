// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { meetsTarget, renderReport } from '../report/bench-report.ts';
import { writeReport } from '../report/write-report.ts';
import { benchVerifier } from './bench-verifier.ts';
import { measureInBrowser } from './measure-in-browser.ts';
import { FULL, QUICK } from './measure-rates.ts';

const USAGE = `usage: npm run bench:verifier [-- --quick] [-- --browser] [-- --json FILE]

Measures the verifier beside @phala/dcap-qvl on the same evidence, in one run.

  --quick      some seconds instead of a minute; a rough answer
  --browser    in headless Chromium (/usr/bin/chromium) as well
  --json FILE  where the result goes (default bench/results/verifier.json, with --quick .cache/bench/verifier.json)
`;

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      browser: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const usual = values.quick ? '.cache/bench/verifier.json' : 'bench/results/verifier.json';
  const file = values.json ?? join(ROOT, usual);
  const program = fileURLToPath(new URL('browser-program.js', import.meta.url));
  const report = await benchVerifier({
    pace: values.quick ? QUICK : FULL,
    at: new Date(),
    ...(values.browser && {
      inBrowser: (evidence, howLong) => measureInBrowser(program, evidence, howLong),
    }),
    onProgress: (message) => process.stderr.write(`${message}\n`),
  });
  await writeReport(file, report);
  process.stdout.write(`${renderReport(report)}\nwritten to ${file}\n`);
  const missed = report.cases.filter((entry) => !meetsTarget(entry)).length;
  if (missed > 0) process.stdout.write(`${String(missed)} targets missed\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? (error.stack ?? '') : String(error)}\n`);
  process.exitCode = 1;
});
