// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDir, waitFor, writeFileAtomic, type Logger } from '@proofgate/daemon';
import { LauncherError } from '../errors.ts';
import { capLogFiles, logPath, openLogFiles } from '../logs/log-files.ts';
import { containerdConfig, type ContainerdPaths } from './containerd-config.ts';
import { findByCommandLine, signalProcess, type OwnProcess } from './own-processes.ts';
import { answers } from './probe-containerd.ts';

/** Time to come up: 100 ms usually, longer when it finds many containers or a slow disk. */
export const START_TIMEOUT_MS = 20_000;
/** Time to end after SIGTERM. */
export const STOP_TIMEOUT_MS = 10_000;
/** It logs warnings only; what is older than this is not missed. */
export const MAX_LOG_BYTES: number = 1024 * 1024;
/** How often its log is looked at. */
const LOG_INTERVAL_MS = 30_000;
/** Bytes of its log that an error shows. */
const LOG_TAIL_BYTES = 2_000;

/** Where it finds its shim and runc finds its tools; nothing else of our environment reaches it. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What a containerd of our own needs. */
export interface PrivateContainerdOptions {
  /** Path of the program. */
  readonly program: string;
  /** Survives a restart of the VM; images go there. */
  readonly dataDir: string;
  /** Emptied by a restart of the VM. */
  readonly runDir: string;
  readonly bootId: string;
  readonly logger: Logger;
}

/** Socket of a private containerd with its files in this directory. */
export function privateSocket(runDir: string): string {
  return join(runDir, 'containerd.sock');
}

/**
 * A containerd that belongs to one launcher. It survives the launcher, so that a new one finds it, and the containers
 * survive it in turn: killing either ends nothing that runs.
 */
export class PrivateContainerd {
  readonly socket: string;
  readonly #options: PrivateContainerdOptions;
  readonly #paths: ContainerdPaths;
  readonly #configFile: string;
  readonly #logDir: string;
  readonly #logTimer: NodeJS.Timeout;
  #reviving: Promise<void> | undefined;

  constructor(options: PrivateContainerdOptions) {
    const { dataDir, runDir } = options;
    this.#options = options;
    this.socket = privateSocket(runDir);
    this.#paths = {
      root: join(dataDir, 'root'),
      state: join(runDir, 'state'),
      socket: this.socket,
      opt: join(runDir, 'opt'),
    };
    this.#configFile = join(runDir, 'config.toml');
    this.#logDir = join(runDir, 'log');
    this.#logTimer = setInterval(() => {
      this.#capLog();
    }, LOG_INTERVAL_MS).unref();
  }

  /**
   * Makes sure that it runs and answers: finds it, or starts it.
   *
   * @throws LauncherError ERR_LAUNCHER_ENGINE_UNAVAILABLE when it does not come up
   */
  revive(): Promise<void> {
    this.#reviving ??= this.#revive().finally(() => {
      this.#reviving = undefined;
    });
    return this.#reviving;
  }

  /**
   * Ends it; containers go on running.
   *
   * @throws LauncherError ERR_LAUNCHER_STOP_FAILED when it does not end
   */
  async stop(): Promise<void> {
    this.close();
    for (const { pid } of await this.#find()) signalProcess(pid, 'SIGTERM');
    const gone = async (): Promise<boolean> => (await this.#find()).length === 0;
    await waitFor(gone, { timeoutMs: STOP_TIMEOUT_MS }).catch(async () => {
      for (const { pid } of await this.#find()) signalProcess(pid, 'SIGKILL');
      await waitFor(gone, { timeoutMs: STOP_TIMEOUT_MS });
    });
  }

  /** Lets go of it without ending it. */
  close(): void {
    clearInterval(this.#logTimer);
  }

  async #revive(): Promise<void> {
    const [running] = await this.#find();
    if (running !== undefined && (await this.#answersBeforeItEnds(running))) return;
    await this.#makeDirectories();
    await writeFileAtomic(this.#configFile, containerdConfig(this.#paths));
    const { child, ended } = await this.#spawn();
    const decided = new AbortController();
    const up = answers(this.socket, { timeoutMs: START_TIMEOUT_MS, signal: decided.signal });
    const reason = await Promise.race([up.then((did) => (did ? '' : 'no answer')), ended]);
    decided.abort();
    // From here on it lives longer than we do.
    child.unref();
    if (reason !== '') throw notUp(`${reason}: ${await this.#logTail()}`);
    this.#options.logger.info({ pid: child.pid, socket: this.socket }, 'containerd started');
  }

  /**
   * Waits for one that is there already. It may just be ending: then another one has to be started.
   *
   * @returns false once it has ended
   * @throws LauncherError ERR_LAUNCHER_ENGINE_UNAVAILABLE when it neither answers nor ends
   */
  async #answersBeforeItEnds({ pid }: OwnProcess): Promise<boolean> {
    const decided = new AbortController();
    const bounds = { timeoutMs: START_TIMEOUT_MS, signal: decided.signal };
    const isGone = async (): Promise<boolean> =>
      !(await this.#find()).some((found) => found.pid === pid);
    const gone = waitFor(isGone, bounds).then(
      () => false,
      () => undefined,
    );
    const up = answers(this.socket, bounds).then((did) => (did ? true : gone));
    const answered = await Promise.race([up, gone]);
    decided.abort();
    if (answered !== undefined) return answered;
    throw notUp(`process ${String(pid)} does not answer on ${this.socket}`);
  }

  /**
   * What a disk brings along from before this boot is not trusted, and nothing of it is of use: its containers have
   * ended, its images have to be unpacked again.
   */
  async #makeDirectories(): Promise<void> {
    const { dataDir, runDir, bootId } = this.#options;
    await ensureDir(dataDir, 0o700);
    // The first process of a container with a user namespace of its own has to get through to its root directory.
    await ensureDir(runDir, 0o711);
    await ensureDir(this.#logDir, 0o700);
    const marker = join(dataDir, 'boot-id');
    if ((await readFile(marker, 'utf8').catch(() => '')) !== bootId) {
      await discard(this.#paths.root);
      await discard(this.#paths.state);
      await writeFileAtomic(marker, bootId);
    }
    void removeDiscarded(dataDir, runDir).catch((err: unknown) => {
      this.#options.logger.warn({ err }, 'files of an earlier boot cannot be removed');
    });
  }

  async #spawn(): Promise<{ readonly child: ChildProcess; readonly ended: Promise<string> }> {
    const [program = '', ...args] = this.#commandLine();
    const logs = await openLogFiles(this.#logDir, undefined);
    try {
      const child = spawn(program, args, {
        cwd: '/',
        env: { PATH },
        // A session of its own: signals to the launcher's terminal or group do not reach it.
        detached: true,
        stdio: ['ignore', logs.stdout.fd, logs.stderr.fd],
      });
      // Asked for at once: it may have ended by the time that the files are closed.
      return { child, ended: endOf(child) };
    } finally {
      await logs.close();
    }
  }

  #commandLine(): readonly string[] {
    return [this.#options.program, '--config', this.#configFile];
  }

  #find(): Promise<readonly OwnProcess[]> {
    return findByCommandLine(this.#commandLine());
  }

  #capLog(): void {
    capLogFiles(this.#logDir, MAX_LOG_BYTES).catch((err: unknown) => {
      this.#options.logger.warn({ err }, 'the log of containerd cannot be shortened');
    });
  }

  async #logTail(): Promise<string> {
    const log = await readFile(logPath(this.#logDir, 'stderr'), 'utf8').catch(() => '');
    return log.slice(-LOG_TAIL_BYTES).trim();
  }
}

/** @returns how it ended, once it has */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code, signalName) => {
      resolve(`it ended with ${signalName ?? String(code)}`);
    });
    child.once('error', ({ message }) => {
      resolve(message);
    });
  });
}

const DISCARDED = '.discarded-';

/** Out of the way at once; removing many files takes time. */
async function discard(directory: string): Promise<void> {
  const aside = `${directory}${DISCARDED}${randomBytes(4).toString('hex')}`;
  await rename(directory, aside).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

async function removeDiscarded(...directories: readonly string[]): Promise<void> {
  for (const directory of directories) {
    for (const name of await readdir(directory)) {
      if (name.includes(DISCARDED)) await rm(join(directory, name), { recursive: true });
    }
  }
}

function notUp(reason: string): LauncherError {
  return new LauncherError(
    'ERR_LAUNCHER_ENGINE_UNAVAILABLE',
    `the launcher's own containerd does not come up: ${reason}`,
  );
}
