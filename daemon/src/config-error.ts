// SPDX-License-Identifier: Apache-2.0
import { DaemonError } from './errors.ts';

/** One thing that is wrong with a configuration file. */
export interface ConfigProblem {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  /** The field, such as `containers[0].image`; empty for the file itself. */
  readonly path: string;
  readonly message: string;
  /** What to do about it, where that can be told. */
  readonly hint?: string;
}

/** Everything that is wrong with a configuration file, in the order of the text. */
export class ConfigError extends DaemonError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const inOrder = problems.toSorted(byPosition);
    super('ERR_DAEMON_CONFIG_INVALID', inOrder.map(problemLine).join('\n'));
    this.problems = inOrder;
  }
}

function byPosition(a: ConfigProblem, b: ConfigProblem): number {
  return a.line === b.line ? a.column - b.column : a.line - b.line;
}

function problemLine({ file, line, column, path, message, hint }: ConfigProblem): string {
  const where = `${file}:${String(line)}:${String(column)}`;
  const field = path === '' ? '' : `${path}: `;
  return `${where}: ${field}${message}${hint === undefined ? '' : ` (${hint})`}`;
}
