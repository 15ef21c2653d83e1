// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { LauncherError } from '../errors.ts';
import { findProcesses, readRealUid, type ProcessEntry } from './process-table.ts';

/** How often the process table is read while processes are being ended; a scan takes a few milliseconds. */
const SCAN_INTERVAL_MS = 25;

/** SIGKILL works at once, unless a process hangs in the kernel; after this long it is reported instead of awaited. */
const KILL_DEADLINE_MS = 10_000;

/**
 * Everything that belongs to one process workload: the session that its first process leads, and, where the user id
 * is the workload's alone, whatever else runs under that id. The second part is what catches a daemon that has left
 * its session.
 */
export class ProcessMembers {
  readonly #leader: number | undefined;
  readonly #ownUid: number | undefined;

  /**
   * @param leader - pid of the first process, which is also the id of its group and session; `undefined` when another
   *   process has that pid by now, which the kernel allows only after group and session are empty
   * @param ownUid - user id that nothing but this workload uses, if there is one
   */
  constructor(leader: number | undefined, ownUid: number | undefined) {
    this.#leader = leader;
    this.#ownUid = ownUid;
  }

  /**
   * Asks everything to end, insists after a grace period, and waits until nothing is left.
   *
   * @param graceMs - time between SIGTERM and SIGKILL; 0 goes straight to SIGKILL
   * @throws LauncherError ERR_LAUNCHER_STOP_FAILED when something survives SIGKILL
   */
  async end(graceMs: number): Promise<void> {
    if (graceMs > 0) {
      signalAll(await this.#list(), 'SIGTERM');
      if (await this.#emptyWithin(graceMs, () => undefined)) return;
    }
    // Signalled again at each scan, because a process may fork between the scan and the signal.
    const gone = await this.#emptyWithin(KILL_DEADLINE_MS, (left) => {
      signalAll(left, 'SIGKILL');
    });
    if (!gone) {
      const left = (await this.#list()).map((entry) => String(entry.pid));
      throw new LauncherError(
        'ERR_LAUNCHER_STOP_FAILED',
        `processes ${left.join(', ')} are still there ${String(KILL_DEADLINE_MS)} ms after SIGKILL`,
        { hint: 'look for processes in state D (waiting for a device or a network file system)' },
      );
    }
  }

  async #emptyWithin(
    timeoutMs: number,
    eachScan: (left: readonly ProcessEntry[]) => void,
  ): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    // One scan can miss a child whose parent forked it and ended behind the scan's back; two in a row hardly can.
    for (let emptyScans = 0; ;) {
      const left = await this.#list();
      emptyScans = left.length === 0 ? emptyScans + 1 : 0;
      if (emptyScans === 2) return true;
      if (performance.now() >= deadline) return false;
      eachScan(left);
      await sleep(SCAN_INTERVAL_MS);
    }
  }

  #list(): Promise<readonly ProcessEntry[]> {
    return findProcesses(async (entry) => {
      if (entry.session === this.#leader || entry.group === this.#leader) return true;
      return this.#ownUid !== undefined && (await readRealUid(entry.pid)) === this.#ownUid;
    });
  }
}

function signalAll(entries: readonly ProcessEntry[], signal: NodeJS.Signals): void {
  for (const { pid } of entries) {
    try {
      process.kill(pid, signal);
    } catch {
      // Gone since the scan; the next scan decides.
    }
  }
}
