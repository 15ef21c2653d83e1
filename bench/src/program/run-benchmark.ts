// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { meetsTarget, renderReport } from '../report/bench-report.ts';
import { updateReport, writeReport } from '../report/report-file.ts';
import type { Benchmark } from './benchmark.ts';
import { readOptions, usageOf, usualFile } from './benchmark-options.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** The process of a benchmark: its arguments, its output, and the signals that interrupt it. */
export type BenchmarkProcess = Pick<NodeJS.Process, 'argv' | 'stdout' | 'stderr' | 'exitCode'> & {
  once(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
};

/** What every benchmark's `main.ts` does: reads the command line, measures, writes the result and shows it. */
export async function runBenchmark(benchmark: Benchmark, process: BenchmarkProcess): Promise<void> {
  try {
    await measureAsAsked(benchmark, process);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? '') : String(error);
    process.stderr.write(`bench: ${text}\n`);
    process.exitCode = 1;
  }
}

async function measureAsAsked(benchmark: Benchmark, process: BenchmarkProcess): Promise<void> {
  const { stdout, stderr, argv } = process;
  const { help, partial, file: chosen, ...asked } = readOptions(benchmark, argv.slice(2));
  if (help) {
    stdout.write(usageOf(benchmark));
    return;
  }
  const file = chosen ?? join(ROOT, usualFile(benchmark.name, asked.quick));
  const report = await benchmark.measure({
    ...asked,
    programs: new URL('..', import.meta.url),
    onInterrupt: () => interruptSignal(process),
    onProgress: (message) => stderr.write(`${message}\n`),
  });
  if (partial) await updateReport(file, report);
  else await writeReport(file, report);
  stdout.write(renderReport(report));
  if (benchmark.remarks !== undefined) stdout.write(`\n${benchmark.remarks(report)}`);
  stdout.write(`\nwritten to ${file}\n`);
  const missed = report.cases.filter((entry) => !meetsTarget(entry)).length;
  if (missed > 0) stdout.write(`${String(missed)} targets missed\n`);
}

function interruptSignal(process: BenchmarkProcess): AbortSignal {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interrupt.abort(new Error(`interrupted by ${signal}`)));
  }
  return interrupt.signal;
}
