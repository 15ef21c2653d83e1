// SPDX-License-Identifier: Apache-2.0
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { BenchReport } from './bench-report.ts';

/** Writes a report as JSON, creating the folder. */
export async function writeReport(file: string, report: BenchReport): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(report, undefined, 2)}\n`);
}

/**
 * Adds what a run of some parts found out to what a file has of the others, if it is of the same machine.
 *
 * @returns what the file has now
 */
export async function updateReport(file: string, report: BenchReport): Promise<BenchReport> {
  const whole = mergeReports(await readReport(file), report);
  await writeReport(file, whole);
  return whole;
}

/** The later cases in the place of the earlier ones, and new ones behind them. */
export function mergeReports(earlier: BenchReport | undefined, later: BenchReport): BenchReport {
  // Numbers of different machines do not compare.
  if (!isDeepStrictEqual(earlier?.machine, later.machine)) return later;
  const cases = new Map(
    [...(earlier?.cases ?? []), ...later.cases].map((entry) => [entry.name, entry]),
  );
  return { ...later, cases: [...cases.values()] };
}

async function readReport(file: string): Promise<BenchReport | undefined> {
  try {
    // Only `writeReport` writes these files.
    return JSON.parse(await readFile(file, 'utf8')) as BenchReport;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
