// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { meetsTarget, renderReport } from '../report/bench-report.ts';
import { writeReport } from '../report/write-report.ts';
import { additions, benchCa, FULL, QUICK } from './bench-ca.ts';

const USAGE = `usage: npm run bench:ca [-- --quick] [-- --json FILE]

Measures how many leaves one core makes a second, beside @peculiar/x509, in one run.

  --quick      some seconds instead of half a minute; a rough answer
  --json FILE  where the result goes (default bench/results/ca.json, with --quick .cache/bench/ca.json)
`;

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const usual = values.quick ? '.cache/bench/ca.json' : 'bench/results/ca.json';
  const file = values.json ?? join(ROOT, usual);
  const report = await benchCa({
    pace: values.quick ? QUICK : FULL,
    at: new Date(),
    onProgress: (message) => process.stderr.write(`${message}\n`),
  });
  await writeReport(file, report);
  process.stdout.write(`${renderReport(report)}\n${additions(report)}\nwritten to ${file}\n`);
  const missed = report.cases.filter((entry) => !meetsTarget(entry)).length;
  if (missed > 0) process.stdout.write(`${String(missed)} targets missed\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? (error.stack ?? '') : String(error)}\n`);
  process.exitCode = 1;
});
