// SPDX-License-Identifier: Apache-2.0
import { createLogger, type Logger, type LogLevel } from '@proofgate/daemon';

/** A logger whose lines a test can read. */
export interface MemoryLog {
  readonly logger: Logger;
  text(): string;
  lines(): Record<string, unknown>[];
}

export function memoryLog(level: LogLevel = 'trace'): MemoryLog {
  let written = '';
  const destination = {
    write: (line: string) => {
      written += line;
    },
  };
  return {
    logger: createLogger({ name: 'test', level, destination }),
    text: () => written,
    lines: () =>
      written
        .split('\n')
        .filter((line) => line !== '')
        // Our own logger writes one JSON object a line.
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}
