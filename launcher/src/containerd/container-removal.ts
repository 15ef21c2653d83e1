// SPDX-License-Identifier: Apache-2.0
import { LauncherError } from '../errors.ts';
import type { ContainerdClient } from './containerd-client.ts';
import { ignoreMissing, isRefusal, undefinedIfMissing } from './containerd-error.ts';
import { CONTAINERS, SNAPSHOTS, TASKS } from './methods.ts';
import { endStrayShim, type ShimOwner } from './stray-shim.ts';
import { taskExit } from './task-exit.ts';

/** How long a container may take to end after SIGKILL: the kernel gives its memory back first, which can be much. */
export const KILL_TIMEOUT_MS = 10_000;

/** Time to forget a task: its shim waits up to 10 s for the reader of its output. */
export const DELETE_TIMEOUT_MS = 30_000;

const SIGKILL = 9;

/** What removing containers needs. */
export interface RemovalOptions extends ShimOwner {
  readonly client: ContainerdClient;
  readonly snapshotter: string;
}

/**
 * Ends a container and removes what containerd has of it. Every step does nothing when there is nothing to do, so what
 * an interrupted attempt left behind is removed by the next one.
 *
 * @throws LauncherError ERR_LAUNCHER_STOP_FAILED when SIGKILL does not end it
 */
export async function removeContainer(options: RemovalOptions, id: string): Promise<void> {
  const { client, snapshotter } = options;
  const found = await client.call(TASKS.get, { containerId: id }).catch(undefinedIfMissing);
  const task = found?.process ?? undefined;
  if (task === undefined) {
    await endStrayShim(options, id);
  } else {
    // Containerd would also delete a task that was never started, but takes two seconds for it.
    if (task.status !== 'STOPPED') await killTask(client, id);
    const patience = { timeoutMs: DELETE_TIMEOUT_MS };
    await client.call(TASKS.delete, { containerId: id }, patience).catch(ignoreMissing);
  }
  await client.call(CONTAINERS.delete, { id }).catch(ignoreMissing);
  await client.call(SNAPSHOTS.remove, { snapshotter, key: id }).catch(ignoreMissing);
}

async function killTask(client: ContainerdClient, containerId: string): Promise<void> {
  const limit = AbortSignal.timeout(KILL_TIMEOUT_MS);
  const kill = { containerId, signal: SIGKILL, all: true };
  await client.call(TASKS.kill, kill).catch((error: unknown) => {
    // It may be ending by itself; what counts is that it has ended.
    if (!isRefusal(error)) throw error;
  });
  try {
    await taskExit(client, { containerId }, limit);
  } catch (cause) {
    if (!limit.aborted) throw cause;
    throw new LauncherError(
      'ERR_LAUNCHER_STOP_FAILED',
      `container ${containerId} has not ended ${String(KILL_TIMEOUT_MS)} ms after SIGKILL`,
      { cause },
    );
  }
}
