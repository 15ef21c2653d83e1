// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether the `openssl` command is there. CI must have it: without it the opinions of others go missing unseen. */
export const hasOpenssl: boolean = spawnSync('openssl', ['version']).status === 0;

/** For the title of a suite that needs it, so that a skip says why. */
export const opensslTitle: string = hasOpenssl
  ? 'openssl'
  : 'openssl (skipped: no openssl command on this machine)';

if (!hasOpenssl && process.env['CI'] !== undefined) {
  throw new Error('CI needs the openssl command');
}

/** A directory for files that openssl reads and writes; removed by `dispose`. */
export interface OpensslDirectory {
  /** Writes a file and returns its name. */
  write(name: string, content: string | Uint8Array): string;
  read(name: string): string;
  /** Absolute path of a file. */
  path(name: string): string;
  /** Runs openssl in the directory. Throws when it fails; the message has its standard error. */
  run(...args: string[]): string;
  /** Runs openssl for its exit status and everything it prints. */
  attempt(...args: string[]): { status: number | null; output: string };
  dispose(): void;
}

export function opensslDirectory(): OpensslDirectory {
  const cwd = mkdtempSync(join(tmpdir(), 'proofgate-ca-'));
  return {
    write(name, content) {
      writeFileSync(join(cwd, name), content);
      return name;
    },
    read: (name) => readFileSync(join(cwd, name), 'utf8'),
    path: (name) => join(cwd, name),
    run: (...args) => execFileSync('openssl', args, { cwd, encoding: 'utf8', stdio: 'pipe' }),
    attempt(...args) {
      const { status, stdout, stderr } = spawnSync('openssl', args, { cwd, encoding: 'utf8' });
      return { status, output: stdout + stderr };
    },
    dispose: () => {
      rmSync(cwd, { recursive: true });
    },
  };
}
