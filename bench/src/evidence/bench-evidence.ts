// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { startTarget, type TargetProcess } from '../processes/target-process.ts';
import { compareRounds, thisMachine, type BenchReport } from '../report/bench-report.ts';
import { createBenchPki } from '../targets/bench-pki.ts';
import type { EvidencePlan, EvidenceResult } from './evidence-plan.ts';

/** Resolves to the loopback interface everywhere, by its suffix (RFC 6761, section 6.3). */
const HOSTNAME = 'bench.localhost';

/** What TDX hardware was measured to take for a quote; one is made at a time. */
const QUOTE_MS = 39;

/** As the targets are given for. */
const CLIENTS = 128;

/** Replaying an answer takes a tenth of what a connection takes: every eighth shows that they are sound. */
const CHECK_EVERY = 8;

/** How long to measure. */
export interface EvidencePace {
  readonly rounds: number;
  readonly milliseconds: number;
}

/** Enough for medians that repeat within some percent. */
export const FULL: EvidencePace = { rounds: 5, milliseconds: 4_000 };

/** Enough to see that it works and roughly how fast. */
export const QUICK: EvidencePace = { rounds: 1, milliseconds: 2_000 };

/** How to run the benchmark. */
export interface BenchEvidenceOptions {
  readonly pace: EvidencePace;
  /** Folder of the built programs, `bench/dist/`. */
  readonly programs: URL;
  readonly onProgress: (message: string) => void;
  /** Ends the benchmark after the measurement under way, with everything stopped and removed. */
  readonly signal: AbortSignal;
}

/**
 * Measures connections that get evidence bound to their session, with a quote for each and with batches, of one proxy in
 * the same run. The quoter is modelled: a platform that takes {@link QUOTE_MS} for each quote.
 */
export async function benchEvidence(options: BenchEvidenceOptions): Promise<BenchReport> {
  const { pace, programs, onProgress, signal } = options;
  const program = (path: string): string => fileURLToPath(new URL(path, programs));
  const directory = await mkdtemp(join(tmpdir(), 'proofgate-bench-'));
  const running: TargetProcess[] = [];
  const start = async (name: string, path: string, settings: object): Promise<number> => {
    onProgress(`starting ${name}`);
    const target = await startTarget({ name, program: program(path), settings, cpu: undefined });
    running.push(target);
    return target.port;
  };
  try {
    const { root: ca, intermediary } = await createBenchPki([HOSTNAME], new Date());
    const [dataDir, runDir] = [join(directory, 'data'), join(directory, 'run')];
    const simulator = { runDir, latencyMs: QUOTE_MS };
    await start('modelled platform', 'targets/simulator-main.js', simulator);
    const port = await start('proofgate', 'targets/proofgate-main.js', {
      ...intermediary,
      ...{ dataDir, runDir, platformDir: runDir },
      // Nothing is forwarded.
      routes: [{ hostname: HOSTNAME, upstream: 'http://127.0.0.1:1' }],
      workers: availableParallelism(),
      connections: 10 * CLIENTS,
      // All clients may wait in either mode.
      limits: { challenge_quotes: 4 * CLIENTS, quotes_per_address: 2 * CLIENTS },
    });
    const common = { port, servername: HOSTNAME, ca, clients: CLIENTS, checkEvery: CHECK_EVERY };
    const { batch, challenge } = await measureRounds(pace, async (mode, label) => {
      signal.throwIfAborted();
      onProgress(`${mode}: ${label}`);
      const plan: EvidencePlan = { ...common, mode, milliseconds: pace.milliseconds };
      return load(plan, program('evidence/load-main.js'));
    });
    return {
      name: `evidence, modelled quoter (${String(QUOTE_MS)} ms a quote, one at a time)`,
      // Clients, proxy and platform share all cores.
      machine: thisMachine(false),
      cases: casesOf(batch, challenge),
    };
  } finally {
    for (const target of running.reverse()) await target.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

type Mode = EvidencePlan['mode'];

/** Rounds alternate between the modes; the first of each warms up. */
async function measureRounds(
  { rounds }: EvidencePace,
  measure: (mode: Mode, label: string) => Promise<EvidenceResult>,
): Promise<Record<Mode, EvidenceResult[]>> {
  const results: Record<Mode, EvidenceResult[]> = { batch: [], challenge: [] };
  for (let round = 0; round <= rounds; round += 1) {
    const label = round === 0 ? 'warm-up' : `round ${String(round)} of ${String(rounds)}`;
    for (const mode of ['batch', 'challenge'] as const) {
      const result = await measure(mode, label);
      if (round === 0) continue;
      if (result.checked === 0) throw new Error(`no answer in mode ${mode} was checked`);
      results[mode].push(result);
    }
  }
  return results;
}

function casesOf(
  batch: readonly EvidenceResult[],
  unbatched: readonly EvidenceResult[],
): BenchReport['cases'] {
  const compare = (
    description: Parameters<typeof compareRounds>[0],
    value: (result: EvidenceResult) => number,
  ): BenchReport['cases'][number] =>
    compareRounds(description, batch.map(value), { unbatched: unbatched.map(value) });
  const [unit, better] = ['conn/s', 'higher'] as const;
  const name = `attested connections, ${String(CLIENTS)} clients`;
  return [
    compare({ name, unit, better, target: 20 }, ({ perSecond }) => perSecond),
    compare(
      { name: `${name}, rate`, unit, better, target: 500, targetOf: 'value' },
      ({ perSecond }) => perSecond,
    ),
    compare(
      {
        name: 'time to evidence, p50',
        unit: 'ms',
        better: 'lower',
        target: 300,
        targetOf: 'value',
      },
      ({ p50 }) => p50,
    ),
    compare(
      {
        name: 'time to evidence, p99',
        unit: 'ms',
        better: 'lower',
        target: 400,
        targetOf: 'value',
      },
      ({ p99 }) => p99,
    ),
  ];
}

/** @throws Error when a connection failed */
async function load(plan: EvidencePlan, program: string): Promise<EvidenceResult> {
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(plan));
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (child.exitCode !== 0) throw new Error(`clients ended with status ${String(child.exitCode)}`);
  // The program writes an EvidenceResult, nothing else.
  const result = JSON.parse(output) as EvidenceResult;
  if (result.errors > 0) throw new Error(`${String(result.errors)} failed: ${result.message}`);
  return result;
}
