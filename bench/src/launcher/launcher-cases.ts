// SPDX-License-Identifier: Apache-2.0
import { compareRounds, type BenchCase } from '../report/bench-report.ts';
import type { Puller, Starter } from './contender.ts';
import type { CtrContender } from './ctr-contender.ts';
import type { ImageRegistry } from './image-registry.ts';
import { largeLayers } from './large-layers.ts';
import { makeImage } from './oci-image.ts';
import type { OurLauncher } from './our-launcher.ts';
import type { PodmanContender } from './podman-contender.ts';
import { SERVER_RUN, serverLayer } from './server-image.ts';

/** How much to measure. */
export interface LauncherPace {
  /** Whether everything is done once before it counts. */
  readonly warmUp: boolean;
  readonly startRounds: number;
  readonly parallelRounds: number;
  /** Containers that start at once. */
  readonly parallel: number;
  readonly pullRounds: number;
  /** Megabytes of an image, compressed. */
  readonly pullMegabytes: number;
}

/** What a launcher is to be judged by. */
export const FULL: LauncherPace = {
  warmUp: true,
  startRounds: 10,
  parallelRounds: 3,
  parallel: 20,
  pullRounds: 5,
  pullMegabytes: 100,
};

/** Enough to see that it works, and more or less how fast. */
export const QUICK: LauncherPace = {
  warmUp: false,
  startRounds: 2,
  parallelRounds: 1,
  parallel: 3,
  pullRounds: 1,
  pullMegabytes: 5,
};

/** Everybody who takes part, ready. */
export interface LauncherContest {
  /** Our launcher on each engine. */
  readonly ours: readonly OurLauncher[];
  readonly ctr: CtrContender;
  readonly podman: PodmanContender;
  readonly registry: ImageRegistry;
  readonly pace: LauncherPace;
  readonly signal: AbortSignal;
  readonly onProgress: (message: string) => void;
}

/** A container, with a network and everything read back, beside one without either. */
const START_TARGET = 1.2;

/** Twenty at once on two cores, in single starts. */
const PARALLEL_TARGET = 8;

const PULL_TARGET = 1.3;

/** Measures everything, in rounds in which all take their turn. */
export async function launcherCases(contest: LauncherContest): Promise<readonly BenchCase[]> {
  const { ours, ctr, podman, pace } = contest;
  const plain = [ctr.starter('none'), podman.starter('none')];
  const connected = [ctr.starter('host'), podman.starter('bridge')];
  const starters = [...ours, ...plain, ...connected];
  const single = await measureStarts(contest, starters, { count: 1, rounds: pace.startRounds });
  const many = await measureStarts(contest, starters, {
    count: pace.parallel,
    rounds: pace.parallelRounds,
  });
  const pulls = await measurePulls(contest, [...ours, podman, ctr]);
  const names = (all: readonly { readonly name: string }[]): readonly string[] =>
    all.map(({ name }) => name);
  const peers = names([...plain, ...connected]);
  const lower = { unit: 'ms', better: 'lower' } as const;
  return [
    ...ours.map(({ name }) =>
      compareRounds(
        { name: `one start, ${name}`, ...lower, target: START_TARGET },
        single.of(name),
        single.ofEach(peers),
      ),
    ),
    ...ours.map(({ name }) =>
      compareRounds(
        { name: `${String(pace.parallel)} at once, ${name}`, ...lower, target: PARALLEL_TARGET },
        many.of(name),
        { 'one start': single.of(name), ...many.ofEach(peers) },
      ),
    ),
    ...ours.map(({ name }) =>
      compareRounds(
        {
          name: `pull of ${String(pace.pullMegabytes)} MB, ${name}`,
          ...lower,
          target: PULL_TARGET,
        },
        pulls.of(name),
        pulls.ofEach(names([podman, ctr])),
      ),
    ),
  ];
}

/** Milliseconds of each round that counts, by the name of whom they are of. */
class RoundTimes {
  readonly #times = new Map<string, number[]>();

  /** Takes the time of something; round 0 does not count. */
  async measure(name: string, round: number, work: () => Promise<unknown>): Promise<void> {
    const start = performance.now();
    await work();
    const time = performance.now() - start;
    if (round > 0) this.#times.set(name, [...this.of(name), time]);
  }

  of(name: string): readonly number[] {
    return this.#times.get(name) ?? [];
  }

  ofEach(names: readonly string[]): Readonly<Record<string, readonly number[]>> {
    return Object.fromEntries(names.map((name) => [name, this.of(name)]));
  }
}

async function measureStarts(
  { pace, signal, onProgress }: LauncherContest,
  starters: readonly Starter[],
  { count, rounds }: { readonly count: number; readonly rounds: number },
): Promise<RoundTimes> {
  const times = new RoundTimes();
  for (const round of roundsOf(pace, rounds)) {
    for (const [at, starter] of inTurn(starters, round)) {
      signal.throwIfAborted();
      onProgress(`${String(count)} at once, ${progress(round, rounds)}: ${starter.name}`);
      const orders = Array.from({ length: count }, (_, place) => ({
        name: ['b', at, count, round, place].join('-'),
        ...{ place, signal },
      }));
      // What has failed is worth more than what it left: that goes with the namespaces.
      await times.measure(starter.name, round, () =>
        Promise.all(orders.map((order) => starter.start(order))),
      );
      await Promise.all(orders.map((order) => starter.remove(order)));
    }
  }
  return times;
}

/** Each round has an image that nobody has seen. */
async function measurePulls(
  { pace, registry, signal, onProgress }: LauncherContest,
  pullers: readonly Puller[],
): Promise<RoundTimes> {
  const times = new RoundTimes();
  const server = await serverLayer();
  for (const round of roundsOf(pace, pace.pullRounds)) {
    const image = await makeImage([server, ...largeLayers(pace.pullMegabytes)], SERVER_RUN);
    const reference = registry.add('bench/large', image);
    for (const [, puller] of inTurn(pullers, round)) {
      signal.throwIfAborted();
      onProgress(`pull, ${progress(round, pace.pullRounds)}: ${puller.name}`);
      await times.measure(puller.name, round, () => puller.pull(reference, signal));
      await puller.discard(reference, signal);
    }
    registry.remove(image);
  }
  return times;
}

/** Numbers of rounds; 0 warms up. */
function roundsOf({ warmUp }: LauncherPace, rounds: number): readonly number[] {
  return [...Array(rounds + 1).keys()].slice(warmUp ? 0 : 1);
}

/** In another order each time: whoever comes later finds a warmer machine. @returns with their numbers */
function inTurn<T>(all: readonly T[], round: number): readonly (readonly [number, T])[] {
  const numbered = [...all.entries()];
  const first = round % all.length;
  return [...numbered.slice(first), ...numbered.slice(0, first)];
}

function progress(round: number, rounds: number): string {
  return round === 0 ? 'warming up' : `round ${String(round)} of ${String(rounds)}`;
}
