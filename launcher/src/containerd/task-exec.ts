// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecRequest, ExecResult } from '../container/container-engine.ts';
import { LauncherError } from '../errors.ts';
import type { ContainerdClient } from './containerd-client.ts';
import { ignoreMissing } from './containerd-error.ts';
import type { ContainerFiles } from './container-files.ts';
import { FifoReader } from './fifo.ts';
import { CONTAINERS, TASKS } from './methods.ts';
import { packProcess } from './runtime-document.ts';
import { taskExit } from './task-exit.ts';

/**
 * How long the output of a program is waited for after its end. It is complete at once, unless the program left a child
 * behind that holds it open.
 */
export const EXEC_OUTPUT_GRACE_MS = 500;

/** How long a program may take to end after SIGKILL; the kernel needs none of it, a busy machine does. */
const KILL_TIMEOUT_MS = 10_000;

const SIGKILL = 9;

/** What running a program in a container needs. */
export interface TaskExecOptions {
  readonly client: ContainerdClient;
  readonly files: ContainerFiles;
}

/** A program in a running container. */
export class TaskExec {
  readonly #client: ContainerdClient;
  readonly #files: ContainerFiles;
  readonly #containerId: string;
  readonly #execId = `exec-${randomBytes(8).toString('hex')}`;
  #ended = false;

  constructor({ client, files }: TaskExecOptions, containerId: string) {
    this.#client = client;
    this.#files = files;
    this.#containerId = containerId;
  }

  /**
   * Runs the program to its end.
   *
   * @param onCleanup - gets what goes on after the result: forgetting the program and its pipes
   */
  async run(
    request: ExecRequest,
    onCleanup: (cleanup: Promise<void>) => void,
  ): Promise<ExecResult> {
    request.signal?.throwIfAborted();
    const id = this.#containerId;
    const making = this.#files.makePipes(id, this.#execId);
    making.catch(() => undefined);
    const stdout = new Capture(request.maxOutputBytes);
    const stderr = new Capture(request.maxOutputBytes);
    const readers: FifoReader[] = [];
    try {
      const { container } = await this.#client.call(CONTAINERS.get, { id });
      const spec = packProcess(container?.spec ?? null, request.argv);
      const pipes = await making;
      readers.push(await FifoReader.open(pipes.stdout, stdout.take));
      readers.push(await FifoReader.open(pipes.stderr, stderr.take));
      const streams = { stdin: '', ...pipes, terminal: false };
      await this.#client.call(TASKS.exec, { ...this.#process, ...streams, spec });
      const code = await this.#follow(request);
      await Promise.race([
        Promise.all(readers.map((reader) => reader.ended)),
        sleep(EXEC_OUTPUT_GRACE_MS, undefined, { ref: false }),
      ]);
      request.signal?.throwIfAborted();
      return { code, stdout: stdout.bytes(), stderr: stderr.bytes() };
    } finally {
      await making.catch(() => undefined);
      onCleanup(this.#forget(readers));
    }
  }

  get #process(): { readonly containerId: string; readonly execId: string } {
    return { containerId: this.#containerId, execId: this.#execId };
  }

  /** @returns the exit code; `undefined` when the program was ended because its time was up */
  async #follow({ timeoutMs, signal }: ExecRequest): Promise<number | undefined> {
    const waiting = new AbortController();
    const exit = taskExit(this.#client, this.#process, waiting.signal);
    exit.catch(() => undefined);
    let ended = false;
    const end = (): void => {
      ended = true;
      this.#kill().catch((error: unknown) => {
        waiting.abort(error);
      });
    };
    let timer: NodeJS.Timeout | undefined;
    try {
      await this.#client.call(TASKS.start, this.#process);
      timer = setTimeout(end, timeoutMs);
      signal?.addEventListener('abort', end, { once: true });
      if (signal?.aborted === true) end();
      const result = await exit;
      if (result === undefined) throw containerEnded(this.#containerId);
      this.#ended = true;
      return ended ? undefined : result.exitStatus;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      waiting.abort();
    }
  }

  async #kill(): Promise<void> {
    const kill = { ...this.#process, signal: SIGKILL, all: false };
    await this.#client.call(TASKS.kill, kill).catch(ignoreMissing);
  }

  /** The pipes are read until containerd has forgotten the program: it may be waiting to write to them. */
  async #forget(readers: readonly FifoReader[]): Promise<void> {
    try {
      if (!this.#ended) {
        await this.#kill();
        await taskExit(this.#client, this.#process, AbortSignal.timeout(KILL_TIMEOUT_MS));
      }
      await this.#client.call(TASKS.deleteProcess, this.#process).catch(ignoreMissing);
    } finally {
      await Promise.all(readers.map((reader) => reader.stop()));
      await this.#files.removePipes(this.#containerId, this.#execId);
    }
  }
}

/** Keeps the first bytes of a stream. */
class Capture {
  readonly #chunks: Uint8Array[] = [];
  #room: number;

  constructor(maxBytes: number) {
    this.#room = maxBytes;
  }

  readonly take = (bytes: Uint8Array): Promise<void> => {
    const kept = bytes.subarray(0, this.#room);
    this.#room -= kept.length;
    if (kept.length > 0) this.#chunks.push(kept);
    return Promise.resolve();
  };

  bytes(): Uint8Array {
    return Uint8Array.from(Buffer.concat(this.#chunks));
  }
}

function containerEnded(id: string): LauncherError {
  return new LauncherError(
    'ERR_LAUNCHER_ENGINE_REFUSED',
    `container ${id} ended while a program was run in it`,
  );
}
