// SPDX-License-Identifier: Apache-2.0
import type { CommandContext, WatchedStream } from '../context.ts';
import { table } from './table.ts';

/** One thing that is under way. */
export interface ProgressRow {
  readonly name: string;
  /** What happens now, in a word or two. */
  readonly state: string;
  /** From 0 to 1; `undefined` when nobody knows. */
  readonly fraction?: number | undefined;
  /** What the fraction is of. */
  readonly detail?: string;
}

/** Shows how far several things are. */
export interface ProgressLines {
  show(rows: readonly ProgressRow[]): void;
}

/** Cells of a bar: wide enough to see it move, narrow enough for a name beside it. */
const BAR_CELLS = 24;

/**
 * Progress on stderr: bars that move where a person watches, a line for each change where a log is written, nothing
 * where a program reads the result.
 */
export function progressLines(
  { stderr, terminal }: Pick<CommandContext, 'stderr' | 'terminal'>,
  json: boolean | undefined,
): ProgressLines {
  if (json === true) return { show: () => undefined };
  return stderr.isTTY === true ? movingBars(stderr) : changes((text) => void terminal.err(text));
}

/** A bar such as `[#####...]`. */
export function progressBar(fraction: number): string {
  const full = Math.floor(Math.min(1, Math.max(0, fraction)) * BAR_CELLS);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_CELLS - full)}]`;
}

function movingBars(stderr: WatchedStream): ProgressLines {
  let lines = 0;
  return {
    show: (rows) => {
      const text = table(rows.map(cells)).split('\n');
      // Up to the first line of the last picture, then each line over the old one.
      const up = lines === 0 ? '' : `\u001b[${String(lines)}A`;
      stderr.write(`${up}${text.map((line) => `${line}\u001b[K\n`).join('')}`);
      lines = text.length;
    },
  };
}

function changes(write: (text: string) => void): ProgressLines {
  const last = new Map<string, string>();
  return {
    show: (rows) => {
      for (const { name, state } of rows) {
        if (last.get(name) === state) continue;
        last.set(name, state);
        write(`${name}: ${state}`);
      }
    },
  };
}

function cells({ name, state, fraction, detail = '' }: ProgressRow): readonly string[] {
  if (fraction === undefined) return [name, state];
  const percent = `${String(Math.floor(fraction * 100)).padStart(3)}%`;
  return [name, state, progressBar(fraction), percent, detail];
}
