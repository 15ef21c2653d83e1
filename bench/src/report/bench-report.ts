// SPDX-License-Identifier: Apache-2.0
import { cpus, release, totalmem } from 'node:os';

/** One measured quantity, ours beside the peers', from the same run. */
export interface BenchCase {
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly ours: number;
  readonly peers: Readonly<Record<string, number>>;
  /** Ours divided by the peer's. */
  readonly ratios: Readonly<Record<string, number>>;
  /** What to reach, at least where higher is better, else at most: of the ratio to the first peer, unless `targetOf` says so; none for what is measured for information. */
  readonly target?: number;
  /** What to reach beside other peers than the first, by peer. */
  readonly also?: Readonly<Record<string, number>>;
  /** `value` when the target is for our own number, whatever the peer's is. @defaultValue ratio */
  readonly targetOf?: 'ratio' | 'value';
}

/** Where it was measured: numbers of different machines do not compare, ratios do. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  /** Whether the measured programs and the load had cores of their own. */
  readonly pinned: boolean;
}

/** A benchmark's result, as written to `bench/results/`. */
export interface BenchReport {
  readonly name: string;
  readonly machine: Machine;
  readonly cases: readonly BenchCase[];
}

/** Describes this machine. */
export function thisMachine(pinned: boolean): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    kernel: `${process.platform} ${release()}`,
    node: process.versions.node,
    pinned,
  };
}

/** What a case is about, without its numbers. */
export interface CaseDescription {
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly target?: number;
  readonly also?: Readonly<Record<string, number>>;
  readonly targetOf?: 'ratio' | 'value';
}

/** Compares medians of rounds that were taken alternately. */
export function compareRounds(
  description: CaseDescription,
  ours: readonly number[],
  peers: Readonly<Record<string, readonly number[]>>,
): BenchCase {
  const own = median(ours);
  const peerMedians = Object.entries(peers).map(
    ([name, rounds]) => [name, median(rounds)] as const,
  );
  return {
    ...description,
    ours: round(own),
    peers: Object.fromEntries(peerMedians.map(([name, value]) => [name, round(value)])),
    ratios: Object.fromEntries(peerMedians.map(([name, value]) => [name, round(own / value)])),
  };
}

/** Whether a case reaches its targets; one without a target cannot miss it. */
export function meetsTarget(entry: BenchCase): boolean {
  const { better, ours, ratios, target, targetOf, also = {} } = entry;
  if (target === undefined) return true;
  const reaches = (judged: number, wanted: number): boolean =>
    better === 'higher' ? judged >= wanted : judged <= wanted;
  const [ratio = NaN] = Object.values(ratios);
  const others = Object.entries(also);
  return (
    reaches(targetOf === 'value' ? ours : ratio, target) &&
    others.every(([peer, wanted]) => reaches(ratios[peer] ?? NaN, wanted))
  );
}

/** The middle value, or the mean of the two middle ones; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
  return (lower + upper) / 2;
}

/** Four significant digits: more would be noise. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}

/** The report for a person: one table for cases that have the same peers. */
export function renderReport({ name, machine, cases }: BenchReport): string {
  const where =
    `${machine.cpu}, ${String(machine.cores)} cores, Node ${machine.node}, ` +
    (machine.pinned ? 'pinned' : 'not pinned: results vary');
  const groups = new Map<string, BenchCase[]>();
  for (const entry of cases) {
    const peers = Object.keys(entry.peers).join();
    groups.set(peers, [...(groups.get(peers) ?? []), entry]);
  }
  const tables = [...groups.values()].map((group) => `${renderCases(group)}\n`);
  return `${name} on ${where}\n\n${tables.join('\n')}`;
}

function renderCases(cases: readonly BenchCase[]): string {
  const peerNames = Object.keys(cases[0]?.peers ?? {});
  const rows = cases.map((entry) => [
    entry.name,
    entry.unit,
    String(entry.ours),
    ...peerNames.flatMap((peer) => [
      numberText(entry.peers[peer], String),
      numberText(entry.ratios[peer], (ratio) => ratio.toFixed(2)),
    ]),
    targetText(entry),
    outcomeText(entry),
  ]);
  const head = [
    'case',
    'unit',
    'ours',
    ...peerNames.flatMap((peer) => [peer, 'ratio']),
    'target',
    '',
  ];
  return renderTable([head, ...rows]);
}

function outcomeText(entry: BenchCase): string {
  if (entry.target === undefined) return '';
  return meetsTarget(entry) ? 'met' : 'missed';
}

/** A peer need not take part in all cases. */
function numberText(value: number | undefined, text: (value: number) => string): string {
  return value === undefined || Number.isNaN(value) ? '–' : text(value);
}

function targetText({ better, target, targetOf, unit, also = {} }: BenchCase): string {
  if (target === undefined) return '';
  const sign = better === 'higher' ? '≥' : '≤';
  if (targetOf === 'value') return `${sign} ${String(target)} ${unit}`;
  return [target, ...Object.values(also)]
    .map((wanted) => `${sign} ${wanted.toFixed(2)}`)
    .join(', ');
}

function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        // Names to the left, numbers to the right.
        .map((cell, at) => (at < 2 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
