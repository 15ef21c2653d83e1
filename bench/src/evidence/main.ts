// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { meetsTarget, renderReport } from '../report/bench-report.ts';
import { writeReport } from '../report/write-report.ts';
import { benchEvidence, FULL, QUICK } from './bench-evidence.ts';

const USAGE = `usage: npm run bench:evidence [-- --quick] [-- --json FILE]

Measures connections that get evidence bound to their session: a new TLS connection, one question, its answer. With
batches, and with a quote for each. The quoter is modelled.

  --quick      some seconds instead of a minute; a rough answer
  --json FILE  where the result goes (default bench/results/evidence.json, with --quick .cache/bench/evidence.json)
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
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interrupt.abort(new Error(`interrupted by ${signal}`)));
  }
  const usual = values.quick ? '.cache/bench/evidence.json' : 'bench/results/evidence.json';
  const file = values.json ?? join(ROOT, usual);
  const report = await benchEvidence({
    pace: values.quick ? QUICK : FULL,
    programs: new URL('..', import.meta.url),
    signal: interrupt.signal,
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
