// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A directory for the files of one test file. */
export interface TestDirectory {
  readonly path: string;
  /** The path of a name below it. */
  file(...names: string[]): string;
  /** Writes a file and returns its path. */
  write(name: string, content: string | Uint8Array, mode?: number): string;
}

/** Makes a directory that is removed after the test file. */
export function testDirectory(): TestDirectory {
  const path = mkdtempSync(join(tmpdir(), 'proofgate-cli-'));
  afterAll(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return {
    path,
    file: (...names) => join(path, ...names),
    write(name, content, mode = 0o600) {
      const file = join(path, name);
      writeFileSync(file, content, { mode });
      return file;
    },
  };
}

/** Permission bits of a file in octal. */
export function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}
