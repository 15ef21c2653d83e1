// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runLoadProcess } from '../load/load-process.ts';
import { canPin } from '../processes/pinned-command.ts';
import { startTarget, type TargetProcess } from '../processes/target-process.ts';
import { thisMachine, type BenchReport } from '../report/bench-report.ts';
import { createBenchPki } from '../targets/bench-pki.ts';
import { compareTargets } from './compare-targets.ts';
import type { Pace } from './workloads.ts';

/** Resolves to the loopback interface everywhere, by its suffix (RFC 6761, section 6.3). */
const HOSTNAME = 'bench.localhost';

/** One core for what is measured, the other for the load and the upstream. */
const TARGET_CPU = 0;
const LOAD_CPU = 1;

/** How to run the benchmark. */
export interface BenchProxyOptions {
  readonly pace: Pace;
  /** Folder of the built programs, `bench/dist/`. */
  readonly programs: URL;
  readonly onProgress: (message: string) => void;
  /** Ends the benchmark after the measurement under way, with everything stopped and removed. */
  readonly signal: AbortSignal;
}

/**
 * Measures the proxy in front of a plain HTTP server beside the same server behind `node:https`, each in processes of its
 * own, with certificates of one PKI.
 */
export async function benchProxy({
  pace,
  programs,
  onProgress,
  signal,
}: BenchProxyOptions): Promise<BenchReport> {
  const pin = canPin();
  const targetCpu = pin ? TARGET_CPU : undefined;
  const loadCpu = pin ? LOAD_CPU : undefined;
  const program = (path: string): string => fileURLToPath(new URL(path, programs));
  const directory = await mkdtemp(join(tmpdir(), 'proofgate-bench-'));
  const running: TargetProcess[] = [];
  const start = async (
    name: string,
    path: string,
    settings: unknown,
    cpu: number | undefined,
  ): Promise<TargetProcess> => {
    onProgress(`starting ${name}`);
    const target = await startTarget({ name, program: program(path), settings, cpu });
    running.push(target);
    return target;
  };
  try {
    const pki = await createBenchPki(HOSTNAME, new Date());
    const upstream = await start('upstream', 'targets/upstream-main.js', {}, loadCpu);
    const peer = await start('node-https', 'targets/node-https-main.js', pki.leaf, targetCpu);
    const [dataDir, runDir] = [join(directory, 'data'), join(directory, 'run')];
    await start('simulated platform', 'targets/simulator-main.js', { runDir }, loadCpu);
    const ours = await start(
      'proofgate',
      'targets/proofgate-main.js',
      { ...pki.intermediary, dataDir, runDir, hostname: HOSTNAME, upstreamPort: upstream.port },
      targetCpu,
    );
    const cases = await compareTargets({
      ours: { name: 'proofgate', ...ours },
      peer: { name: 'node-https', ...peer },
      servername: HOSTNAME,
      ca: pki.root,
      pace,
      run: (plan) => {
        signal.throwIfAborted();
        return runLoadProcess(plan, { program: program('load/main.js'), cpu: loadCpu });
      },
      onProgress,
    });
    return { name: 'proxy', machine: thisMachine(pin), cases };
  } finally {
    for (const target of running.reverse()) await target.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
