// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { meetsTarget, renderReport } from '../report/bench-report.ts';
import { writeReport } from '../report/write-report.ts';
import { benchProxy } from './bench-proxy.ts';
import { FULL, QUICK } from './measure-rounds.ts';

const USAGE = `usage: npm run bench:proxy [-- --quick] [-- --json FILE]

Measures the proxy beside nginx, haproxy and caddy in front of the same servers, in one run. They and the load generators
come from Debian: apt-get install nginx haproxy caddy wrk nghttp2-client

  --quick      under a minute instead of a quarter of an hour, without haproxy; a rough answer
  --json FILE  where the result goes (default bench/results/proxy.json, with --quick .cache/bench/proxy.json)
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
  const usual = values.quick ? '.cache/bench/proxy.json' : 'bench/results/proxy.json';
  const file = values.json ?? join(ROOT, usual);
  const report = await benchProxy({
    pace: values.quick ? QUICK : FULL,
    peers: values.quick ? 'few' : 'all',
    programs: new URL('..', import.meta.url),
    searchPath: process.env['PATH'] ?? '',
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
