// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchReport } from '@proofgate/bench';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kernelObjects } from './support/leftovers.ts';

const BENCH = fileURLToPath(new URL('../../tools/bench-launcher.mjs', import.meta.url));
const ENGINES = ['containerd', 'podman'];
const START_PEERS = ['ctr run', 'podman run --network none', 'ctr run --net-host', 'podman run'];

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pg-bench-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

test('the short benchmark measures every start and every pull, and leaves nothing', async () => {
  const before = kernelObjects();
  const file = join(directory, 'launcher.json');
  const bench = spawn(process.execPath, [BENCH, '--quick', '--json', file], { stdio: 'inherit' });
  expect(await once(bench, 'close')).toEqual([0, null]);
  // Sound: the benchmark has just written it.
  const { name, cases } = JSON.parse(await readFile(file, 'utf8')) as BenchReport;
  expect(name).toBe('launcher');
  expect(cases.map((entry) => [entry.name, Object.keys(entry.ratios)])).toEqual([
    ...ENGINES.map((engine) => [`one start, ${engine}`, START_PEERS]),
    ...ENGINES.map((engine) => [`3 at once, ${engine}`, ['one start', ...START_PEERS]]),
    ...ENGINES.map((engine) => [`pull of 5 MB, ${engine}`, ['podman pull', 'ctr image pull']]),
  ]);
  const times = cases.flatMap((entry) => [entry.ours, ...Object.values(entry.peers)]);
  expect(times.filter((ms) => !(ms > 0))).toEqual([]);
  expect(kernelObjects()).toEqual(before);
}, 400_000);
