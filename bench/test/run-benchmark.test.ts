// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  compareRounds,
  runBenchmark,
  thisMachine,
  type AskedFor,
  type Benchmark,
  type BenchmarkProcess,
  type BenchReport,
} from '@proofgate/bench';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'proofgate-bench-test-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const asked: AskedFor[] = [];
const benchmark = (value: number): Benchmark => ({
  name: 'sample',
  about: 'Measures nothing.',
  quick: 'nothing, sooner',
  switches: { loudly: 'with noise' },
  parts: ['one', 'two'],
  measure: (options) => {
    asked.push(options);
    const cases = options.parts.map((name) =>
      compareRounds({ name, unit: 's', better: 'lower', target: 1 }, [value], { peer: [2] }),
    );
    return Promise.resolve({ name: 'sample', machine: thisMachine(false), cases });
  },
});

/** Runs it as a process with these arguments would. */
async function run(
  value: number,
  ...args: string[]
): Promise<{ out: string; err: string; exitCode: unknown }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const process = { argv: ['node', 'main.js', ...args], stdout, stderr, exitCode: undefined };
  // Sound: of the streams it is `write` alone that is used.
  const like = { ...process, once: () => undefined } as unknown as BenchmarkProcess;
  await runBenchmark(benchmark(value), like);
  stdout.end();
  stderr.end();
  return { out: await text(stdout), err: await text(stderr), exitCode: like.exitCode };
}

test('measures all parts, writes the result and shows it', async () => {
  const file = join(directory, 'deep', 'sample.json');
  const { out, exitCode } = await run(4, '--json', file);
  expect(asked.at(-1)).toMatchObject({ quick: false, parts: ['one', 'two'] });
  expect(asked.at(-1)?.switches.size).toBe(0);
  expect(out).toMatch(/one +s +4 +2 +2\.00 +≤ 1\.00 +missed/);
  expect(out).toContain(`written to ${file}\n2 targets missed\n`);
  expect(exitCode).toBeUndefined();
});

test('a run of some parts leaves the results of the others in the file', async () => {
  const file = join(directory, 'sample.json');
  await run(4, '--json', file);
  const { out } = await run(1, '--json', file, '--only', 'two', '--quick', '--loudly');
  expect(asked.at(-1)).toMatchObject({ quick: true, parts: ['two'] });
  expect([...(asked.at(-1)?.switches ?? [])]).toEqual(['loudly']);
  expect(out).not.toContain('missed');
  const { cases } = JSON.parse(await readFile(file, 'utf8')) as BenchReport;
  expect(cases.map(({ name, ours }) => [name, ours])).toEqual([
    ['one', 4],
    ['two', 1],
  ]);
});

test('explains itself, and does not measure what it does not know', async () => {
  const before = asked.length;
  const { out } = await run(1, '--help');
  expect(out).toContain('usage: npm run bench:sample');
  for (const option of ['--quick', '--loudly', '--only PART', '--json FILE']) {
    expect(out).toContain(option);
  }
  const refused = await run(1, '--only', 'three');
  expect(refused.err).toContain('no part is called three; there are: one, two');
  expect(refused.exitCode).toBe(1);
  expect((await run(1, '--softly')).err).toContain("Unknown option '--softly'");
  expect(asked.length).toBe(before);
});
