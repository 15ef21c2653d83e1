// SPDX-License-Identifier: Apache-2.0
import type { Readable, Writable } from 'node:stream';
import type { RefusalMeaning } from './exit-codes.ts';
import type { Terminal } from './output/terminal.ts';

/** Where input comes from: a terminal that can be asked, or something else. */
export type InputStream = Readable & { readonly isTTY?: boolean };

/** Where a person watches, if it is a terminal. */
export type WatchedStream = Writable & { readonly isTTY?: boolean };

/** What a command line may touch of the process it runs in. `main.ts` makes the only one outside of tests. */
export interface Surroundings {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: InputStream;
  readonly stderr: WatchedStream;
  readonly now: () => Date;
}

/** What a command is given. */
export interface CommandContext extends Surroundings {
  /** For commands whose result is their exit code; the default is 0. */
  setExitCode(code: number): void;
  /** For commands that do not judge evidence; the default is `verdict`. */
  setRefusalMeaning(meaning: RefusalMeaning): void;
}
