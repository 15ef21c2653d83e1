// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { meetsTarget, renderReport } from '../report/bench-report.ts';
import { writeReport } from '../report/write-report.ts';
import { benchLauncher } from './bench-launcher.ts';
import { FULL, QUICK } from './launcher-cases.ts';

const USAGE = `usage: npm run bench:launcher [-- --quick] [-- --json FILE]

Measures how fast the launcher starts containers and gets images, on containerd and on podman, beside ctr and podman in
one run. Needs root and both engines, and runs in namespaces of its own.

  --quick      half a minute instead of minutes; a rough answer
  --json FILE  where the result goes (default bench/results/launcher.json, with --quick .cache/bench/launcher.json)
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
  // Without the namespaces that come with it, links, rules and control groups would be left on the machine.
  const cgroup = process.env['PROOFGATE_TEST_CGROUP'];
  if (cgroup === undefined) throw new Error('to be started with npm run bench:launcher');
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      interrupt.abort(new Error(`interrupted by ${signal}`));
    });
  }
  const usual = values.quick ? '.cache/bench/launcher.json' : 'bench/results/launcher.json';
  const file = values.json ?? join(ROOT, usual);
  const report = await benchLauncher({
    pace: values.quick ? QUICK : FULL,
    programs: new URL('..', import.meta.url),
    cgroup: `/${cgroup}`,
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
