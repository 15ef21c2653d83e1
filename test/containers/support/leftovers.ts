// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What containers can leave in the kernel of a machine. */
export interface KernelObjects {
  /** Command lines of all processes but the tests' own. */
  readonly processes: readonly string[];
  readonly mounts: readonly string[];
  readonly links: readonly string[];
  readonly rules: string;
  /** Control groups below that of the tests. */
  readonly controlGroups: readonly string[];
}

/** Everything that there is of it now, in the namespaces of this process. */
export function kernelObjects(): KernelObjects {
  return {
    processes: processes(),
    mounts: lines(readFileSync('/proc/self/mounts', 'utf8'))
      .map((line) => line.split(' ')[1] ?? '')
      .sort(),
    links: lines(readFileSync('/proc/self/net/dev', 'utf8'))
      .slice(2)
      .map((line) => line.slice(0, line.indexOf(':')).trim())
      .sort(),
    rules: execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' }),
    controlGroups: controlGroups(),
  };
}

function processes(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        // A kernel thread, or a process that has ended and was not waited for, has none.
        return command === '' ? [] : [command.replaceAll('\0', ' ').trim()];
      } catch {
        return [];
      }
    })
    .filter(
      (command) => !command.startsWith('nft ') && !/vitest|esbuild|test-containers/.test(command),
    )
    .sort();
}

function controlGroups(): readonly string[] {
  const own = process.env['PROOFGATE_TEST_CGROUP'] ?? 'proofgate-test';
  const root = '/sys/fs/cgroup';
  return ['', ...readdirSync(root)]
    .map((tree) => join(root, tree, own))
    .filter((group) => existsSync(group))
    .flatMap((group) =>
      readdirSync(group, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name)),
    );
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}
