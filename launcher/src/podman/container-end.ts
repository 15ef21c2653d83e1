// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import type { EngineExit } from '../container/container-engine.ts';
import { LauncherError } from '../errors.ts';
import { isAlive, readProcess } from '../process/process-table.ts';
import { memoryGroupOf, oomKills } from './control-group.ts';
import type { PodmanContainer } from './podman-container.ts';
import { exists } from './send-signal.ts';

/**
 * How often a container's first process is looked at. Podman's own ways of waiting ask the engine every 250 ms and end
 * with its service; a process id costs a microsecond to ask for, and is there whatever the service does.
 */
const LOOK_MS = 50;

/** How often the engine is asked all the same, in case that the process id has been given to another process. */
const ASK_AGAIN_MS = 5_000;

/**
 * Time from the end of the first process until podman knows of it, on a busy machine. When conmon, which watches for
 * podman, was killed, it never will.
 */
const UNNOTICED_MS = 5_000;

/**
 * How often the kernel's count of processes ended for want of memory is read. It is read once more when the first
 * process is gone, so this decides only how well the time of an earlier one is known.
 */
const MEMORY_LOOK_MS = 1_000;

/**
 * How long before the end of a container the loss of a process for want of memory still explains it. A worker that was
 * lost a day ago has nothing to do with the end today.
 */
const OOM_EXPLAINS_MS = 10_000;

/** Exit code of a process that SIGKILL ended. */
const KILLED = 128 + 9;

/** How {@link waitForEnd} sees the container. */
export interface WatchedContainer {
  /** What podman says; `undefined` when it has no such container. */
  inspect(): Promise<PodmanContainer | undefined>;
  /** Whether the launcher sent it a SIGKILL. */
  wasKilled(): boolean;
  readonly signal: AbortSignal;
}

/**
 * Waits until a container has ended, through restarts of podman's service.
 *
 * @param watched - the container
 * @returns how it ended
 * @throws the signal's reason; LauncherError ERR_LAUNCHER_ENGINE_REFUSED
 */
export async function waitForEnd(watched: WatchedContainer): Promise<EngineExit> {
  const { signal } = watched;
  const memory = new MemoryWatch();
  const gone = new Disappearance();
  for (;;) {
    signal.throwIfAborted();
    const container = await inspectWhenPossible(watched);
    if (container === undefined) return { code: undefined, outOfMemory: memory.ranOutLately };
    const { state, pid } = container;
    if (state === 'stopped') return endOf(container, memory, watched.wasKilled());
    if (pid === undefined || (await isExecuting(pid))) {
      gone.reset();
      await watchProcess(pid, memory, signal);
      continue;
    }
    if (await gone.isUnnoticed(container)) {
      return { code: undefined, outOfMemory: memory.ranOutLately };
    }
    await delay(LOOK_MS, undefined, { signal });
  }
}

/**
 * Podman's mark says that the container lost a process some time; it explains the end when that was not long ago, or
 * when the end is one that only this explains.
 */
function endOf(
  { exitCode, outOfMemory }: PodmanContainer,
  memory: MemoryWatch,
  wasKilled: boolean,
): EngineExit {
  const explains = !memory.ranOutBefore || (exitCode === KILLED && !wasKilled);
  return {
    code: exitCode < 0 ? undefined : exitCode,
    outOfMemory: memory.ranOutLately || (outOfMemory && explains),
  };
}

/** A first process that is gone, while podman has not noticed. */
class Disappearance {
  #since: number | undefined;
  #unwatched = false;

  reset(): void {
    this.#since = undefined;
    this.#unwatched = false;
  }

  /** Whether podman never will; asked after each inspection. */
  async isUnnoticed({ state, watcherPid }: PodmanContainer): Promise<boolean> {
    // How a process ended that was never told to start, nobody asks.
    if (state === 'created') return true;
    // Conmon ends as well once it has written down the end, so podman is asked once more after that.
    if (this.#unwatched) return true;
    this.#unwatched = watcherPid === undefined || !(await isExecuting(watcherPid));
    this.#since ??= performance.now();
    return performance.now() - this.#since > UNNOTICED_MS;
  }
}

async function isExecuting(pid: number): Promise<boolean> {
  const entry = await readProcess(pid);
  return entry !== undefined && isAlive(entry);
}

/** Returns when the process is gone, or when it is time to ask podman again. */
async function watchProcess(
  pid: number | undefined,
  memory: MemoryWatch,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + ASK_AGAIN_MS;
  let nextLook = 0;
  do {
    if (pid !== undefined && performance.now() >= nextLook) {
      await memory.look(pid);
      nextLook = performance.now() + MEMORY_LOOK_MS;
    }
    await delay(LOOK_MS, undefined, { signal });
  } while (pid !== undefined && exists(pid) && performance.now() < end);
  await memory.look(undefined);
}

/** A service that is down comes back; whoever waits can wait for that as well. */
async function inspectWhenPossible(
  watched: WatchedContainer,
): Promise<PodmanContainer | undefined> {
  for (;;) {
    try {
      return await watched.inspect();
    } catch (error) {
      const passes =
        error instanceof LauncherError && error.code === 'ERR_LAUNCHER_ENGINE_UNAVAILABLE';
      if (!passes) throw error;
    }
    await delay(LOOK_MS, undefined, { signal: watched.signal });
  }
}

/**
 * Watches the kernel's count of processes that it ended for want of memory. Podman before version 5 does not report it
 * unless it was started by us, and the count is gone with the control group, soon after the container.
 */
class MemoryWatch {
  #group: string | undefined;
  #count: number | undefined;
  #rising: number | undefined;
  #ranOut = false;

  /** Whether a process was lost so short a time ago that it explains an end now. */
  get ranOutLately(): boolean {
    return this.#rising !== undefined && performance.now() - this.#rising <= OOM_EXPLAINS_MS;
  }

  /** Whether the losses that are known of are all too long ago. */
  get ranOutBefore(): boolean {
    return this.#ranOut && !this.ranOutLately;
  }

  /** @param pid - of a process in the group, as long as there is one */
  async look(pid: number | undefined): Promise<void> {
    if (pid !== undefined) this.#group ??= await memoryGroupOf(pid);
    if (this.#group === undefined) return;
    const count = await oomKills(this.#group);
    if (count === undefined) return;
    if (this.#count !== undefined && count > this.#count) this.#rising = performance.now();
    this.#count = count;
    this.#ranOut = count > 0;
  }
}
