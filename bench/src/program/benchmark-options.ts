// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import type { AskedFor, Benchmark } from './benchmark.ts';

/** What a benchmark's command line says. */
export interface BenchmarkOptions extends Pick<AskedFor, 'quick' | 'switches' | 'parts'> {
  readonly help: boolean;
  /** Where the result goes. */
  readonly file: string | undefined;
  /** Not all parts are measured. */
  readonly partial: boolean;
}

/** Reads a command line. @throws Error for what the benchmark does not know */
export function readOptions(benchmark: Benchmark, args: readonly string[]): BenchmarkOptions {
  const { parts = [], switches = {} } = benchmark;
  const names = Object.keys(switches);
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(names.map((name) => [name, { type: 'boolean' as const }])),
      only: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const chosen = values.only;
  const unknown = chosen.find((name) => !parts.includes(name));
  if (unknown !== undefined) {
    throw new Error(`no part is called ${unknown}; there are: ${parts.join(', ')}`);
  }
  const given = new Set<string>(Object.keys(values));
  return {
    quick: values.quick,
    help: values.help,
    file: values.json,
    switches: new Set(names.filter((name) => given.has(name))),
    parts: chosen.length > 0 ? parts.filter((name) => chosen.includes(name)) : parts,
    partial: chosen.length > 0,
  };
}

/** What `--help` prints. */
export function usageOf({ name, about, quick, switches = {}, parts = [] }: Benchmark): string {
  const rows: (readonly [option: string, meaning: string])[] = [
    ['--quick', `${quick}; a rough answer`],
    ...Object.entries(switches).map(([option, meaning]) => [`--${option}`, meaning] as const),
    ...(parts.length > 0 ? [['--only PART', onlyText(parts)] as const] : []),
    ['--json FILE', `where the result goes (default ${usualFile(name, false)},`],
    ['', `with --quick ${usualFile(name, true)})`],
  ];
  const width = Math.max(...rows.map(([option]) => option.length));
  const lines = rows.map(([option, meaning]) => `  ${option.padEnd(width)}  ${meaning}\n`);
  return `usage: npm run bench:${name} [-- OPTION...]\n\n${about}\n\n${lines.join('')}`;
}

/** Where results go, from the folder of the repository. */
export function usualFile(name: string, quick: boolean): string {
  return `${quick ? '.cache/bench' : 'bench/results'}/${name}.json`;
}

function onlyText(parts: readonly string[]): string {
  return `one of ${parts.join(', ')}; may be repeated, and the file keeps its other results`;
}
