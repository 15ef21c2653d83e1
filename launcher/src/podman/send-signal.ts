// SPDX-License-Identifier: Apache-2.0

/** Number of the signal that cannot be caught (signal(7)). */
export const SIGKILL = 9;

/**
 * Sends a signal to a process of this machine, if it is still there.
 *
 * @param pid - its id
 * @param signal - number
 */
export function sendSignal(pid: number, signal: number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!isError(error, 'ESRCH')) throw error;
  }
}

/**
 * Tells whether there is a process with this id: the cheapest question about one. A process that has ended but that
 * its parent has not asked about counts as well.
 *
 * @param pid - its id
 */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isError(error, 'EPERM');
  }
}

function isError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
