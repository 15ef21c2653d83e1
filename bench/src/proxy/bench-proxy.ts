// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canPin } from '../processes/pinned-command.ts';
import { requirePrograms } from '../processes/required-programs.ts';
import { thisMachine, type BenchReport } from '../report/bench-report.ts';
import type { Contender } from './contenders/contender.ts';
import { measureIdle } from './idle-memory.ts';
import { measureRounds, type Pace, type Samples } from './measure-rounds.ts';
import { OURS, proxyCases } from './proxy-cases.ts';
import { SCENARIOS, type ScenarioName } from './scenarios.ts';
import { startStage, type Stage } from './stage.ts';

/** One core for what is measured, the other for the load and the upstreams. */
const TARGET_CPU = 0;
const LOAD_CPU = 1;

/** Programs of Debian: two peers that every report has, one more in a full one, and the load generators. */
const QUICK_PEERS = ['caddy', 'nginx'] as const;
const FULL_PEERS = [...QUICK_PEERS, 'haproxy'] as const;
const LOAD_PROGRAMS = ['wrk', 'h2load'] as const;

/** What can be measured for itself: each load, and the connections without one. */
export const PARTS: readonly string[] = [...SCENARIOS.map(({ name }) => name), 'idle'];

/** How to run the benchmark. */
export interface BenchProxyOptions {
  readonly pace: Pace;
  /** Which peers to measure beside ours. */
  readonly peers: 'few' | 'all';
  /** Some of {@link PARTS}. */
  readonly parts: readonly string[];
  /** Folder of the built programs, `bench/dist/`. */
  readonly programs: URL;
  /** As in the variable PATH. */
  readonly searchPath: string;
  readonly onProgress: (message: string) => void;
  /** Ends the benchmark after the measurement under way, with everything stopped and removed. */
  readonly signal: AbortSignal;
}

/**
 * Measures the proxy beside other proxies, all in front of the same servers with leaves of one kind, in rounds.
 *
 * @throws Error that names the programs which are not installed
 */
export async function benchProxy(options: BenchProxyOptions): Promise<BenchReport> {
  const peers = options.peers === 'all' ? FULL_PEERS : QUICK_PEERS;
  requirePrograms([...peers, ...LOAD_PROGRAMS], options.searchPath);
  const pin = canPin();
  const directory = await mkdtemp(join(tmpdir(), 'proofgate-bench-'));
  let stage: Stage | undefined;
  try {
    stage = await startStage({
      ...{ directory, peers, programs: options.programs, onProgress: options.onProgress },
      targetCpu: pin ? TARGET_CPU : undefined,
      loadCpu: pin ? LOAD_CPU : undefined,
    });
    const loads = await measureLoads(stage, options);
    const idle = options.parts.includes('idle')
      ? await measureIdleMemory(stage, options)
      : undefined;
    const { cases, missing } = proxyCases({ loads, idle }, peers);
    for (const name of missing) options.onProgress(`not in the report: ${name}`);
    return { name: 'proxy', machine: thisMachine(pin), cases };
  } finally {
    await stage?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function measureLoads(
  { contenders, instance, tools }: Stage,
  { pace, parts, onProgress, signal }: BenchProxyOptions,
): Promise<ReadonlyMap<ScenarioName, Samples>> {
  const loads = new Map<ScenarioName, Samples>();
  for (const { name, ours, run } of SCENARIOS) {
    if (!parts.includes(name)) continue;
    onProgress(`${name}: ${String(pace.rounds)} rounds`);
    const instances = ours.flatMap((one) => instance(one) ?? []);
    const samples = await measureRounds({
      contenders: [...instances, ...contenders],
      pace,
      run: (port) => {
        signal.throwIfAborted();
        return run(port, pace.seconds, tools);
      },
      // What we do not do yet is a gap in the report; a peer that fails is a mistake in the benchmark.
      mayFail: (contender) => contender.startsWith(OURS),
      onProgress,
    });
    loads.set(name, samples);
  }
  return loads;
}

async function measureIdleMemory(
  { contenders, instance, tools, idleProgram }: Stage,
  { pace, onProgress, signal }: BenchProxyOptions,
): Promise<ReadonlyMap<string, number>> {
  const idle = new Map<string, number>();
  const all: Contender[] = [...[instance('web') ?? []].flat(), ...contenders];
  for (const contender of all) {
    signal.throwIfAborted();
    onProgress(`${String(pace.idleConnections)} idle connections to ${contender.name}`);
    const options = { program: idleProgram, connections: pace.idleConnections, cpu: tools.cpu };
    idle.set(contender.name, await measureIdle(contender, options));
  }
  return idle;
}
