// SPDX-License-Identifier: Apache-2.0
import { readFile, readlink } from 'node:fs/promises';
import { findProcesses, type ProcessEntry } from '../process/process-table.ts';

/** A process and how it was started. */
export interface OwnProcess extends ProcessEntry {
  readonly argv: readonly string[];
}

/**
 * Finds living processes by the command line that they were started with. A process in a container may call itself
 * anything, but has process ids of its own; it is never found.
 *
 * @param condition - gets program and arguments
 */
export async function findOwnProcesses(
  condition: (argv: readonly string[]) => boolean,
): Promise<readonly OwnProcess[]> {
  const own = await readlink('/proc/self/ns/pid');
  const found: OwnProcess[] = [];
  await findProcesses(async (entry) => {
    const argv = await commandLine(entry.pid);
    if (!condition(argv)) return false;
    const namespace = await readlink(`/proc/${String(entry.pid)}/ns/pid`).catch(() => '');
    if (namespace === own) found.push({ ...entry, argv });
    return false;
  });
  return found;
}

/**
 * Finds living processes by their exact command line, see {@link findOwnProcesses}.
 *
 * @param argv - program and arguments
 */
export function findByCommandLine(argv: readonly string[]): Promise<readonly OwnProcess[]> {
  const wanted = argv.join('\0');
  return findOwnProcesses((seen) => seen.join('\0') === wanted);
}

/**
 * Sends a signal to a process that may have ended meanwhile.
 *
 * @param pid - found a moment ago
 */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Every argument ends with a NUL (proc(5)). */
async function commandLine(pid: number): Promise<readonly string[]> {
  const text = await readFile(`/proc/${String(pid)}/cmdline`, 'utf8').catch(() => '');
  return text.split('\0').slice(0, -1);
}
