// SPDX-License-Identifier: Apache-2.0
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDir, type Logger } from '@proofgate/daemon';
import { LOG_STREAMS, logPath } from './log-files.ts';
import type { LogSink } from './log-sink.ts';
import { lastLogTime } from './log-tail.ts';
import { RingFile } from './ring-file.ts';
import { RingLog, type LogClock, type RingFiles } from './ring-log.ts';

/** Size of one file of a container's log; with the one before, as Enclave OS keeps it. */
export const RING_FILE_BYTES: number = 4 * 1024 * 1024;

/** What the logs of containers need. */
export interface RingLogsOptions {
  /** Directory with one directory of logs for each workload; only the launcher's user may enter it. */
  readonly dir: string;
  readonly clock: LogClock;
  readonly logger: Logger;
  /** Largest size of one file; {@link RING_FILE_BYTES} unless told. */
  readonly maxFileBytes?: number;
}

/** Files that are open, and how many containers write to them. */
interface OpenFiles {
  readonly files: RingFiles;
  users: number;
}

/**
 * The logs of all containers: `<dir>/<workload>/stdout.log` and `stderr.log`, each with what came before it in
 * `….log.1`. Two containers of one workload, of which one replaces the other, write to the same files.
 */
export class RingLogs {
  readonly #options: RingLogsOptions;
  readonly #open = new Map<string, OpenFiles>();

  constructor(options: RingLogsOptions) {
    this.#options = options;
  }

  /**
   * Opens the log of a workload for one container.
   *
   * @param workload - its name
   * @returns where the output goes; to be closed
   * @throws DaemonError when the directory cannot be made
   */
  async open(workload: string): Promise<LogSink> {
    const { clock, logger } = this.#options;
    const directory = this.directoryOf(workload);
    await ensureDir(directory, 0o700);
    const lastTime = await lastLogTime(directory);
    const shared = this.#open.get(workload) ?? { files: this.#filesIn(directory), users: 0 };
    this.#open.set(workload, shared);
    shared.users += 1;
    const onClose = (): Promise<void> => this.#release(workload, shared);
    const bound = logger.child({ workload });
    return new RingLog(shared.files, { clock, logger: bound, lastTime, onClose });
  }

  /** Where the log of a workload is. */
  directoryOf(workload: string): string {
    return join(this.#options.dir, workload);
  }

  /** Removes the log of a workload that is forgotten. */
  async remove(workload: string): Promise<void> {
    await rm(this.directoryOf(workload), { recursive: true, force: true });
  }

  async #release(workload: string, shared: OpenFiles): Promise<void> {
    shared.users -= 1;
    if (shared.users > 0) return;
    this.#open.delete(workload);
    for (const stream of LOG_STREAMS) await shared.files[stream].close();
  }

  #filesIn(directory: string): RingFiles {
    const { maxFileBytes = RING_FILE_BYTES } = this.#options;
    const file = (stream: 'stdout' | 'stderr'): RingFile =>
      new RingFile(logPath(directory, stream), maxFileBytes);
    return { stdout: file('stdout'), stderr: file('stderr') };
  }
}
