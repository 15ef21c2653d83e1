// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { ensureDir, waitFor, writeFileAtomic, type Logger } from '@proofgate/daemon';
import { findOwnProcesses, type OwnProcess } from '../containerd/own-processes.ts';
import { LauncherError } from '../errors.ts';
import { podmanSettings, type PodmanPlaces, type PodmanSettings } from './podman-settings.ts';
import { sendSignal, SIGKILL } from './send-signal.ts';

/** Cold start of a large program on a busy machine; it takes 100 ms on an idle one. */
const START_TIMEOUT_MS = 20_000;
const START_POLL_MS = 10;
/** Time to end after SIGTERM; its containers do not depend on it. */
const STOP_TIMEOUT_MS = 5_000;
/** Part of its log that an error shows. */
const LOG_TAIL_BYTES = 2_000;

const SIGTERM = 15;

/**
 * A podman service of our own. It runs on when the launcher ends, is found again by the next one, and is started anew
 * whenever it is not there; containers do not notice.
 */
export class PrivatePodman {
  readonly #places: PodmanPlaces;
  readonly #settings: PodmanSettings;
  readonly #logger: Logger;
  #starting: Promise<void> | undefined;

  /**
   * @param places - where it keeps what
   * @param seccompFile - profile of containers that name none
   * @param logger - told when it is started
   */
  constructor(places: PodmanPlaces, seccompFile: string, logger: Logger) {
    this.#places = places;
    this.#settings = podmanSettings(places, seccompFile);
    this.#logger = logger;
  }

  get socketPath(): string {
    return this.#settings.socketPath;
  }

  /**
   * Makes sure that the service answers; several calls at a time are one.
   *
   * @throws LauncherError ERR_LAUNCHER_ENGINE_UNAVAILABLE
   */
  async ensure(): Promise<void> {
    this.#starting ??= this.#ensure().finally(() => {
      this.#starting = undefined;
    });
    await this.#starting;
  }

  /**
   * Ends the service, but no container.
   *
   * @throws DaemonError ERR_DAEMON_WAIT_TIMEOUT when it does not end
   */
  async stop(): Promise<void> {
    for (const { pid } of await this.#find()) sendSignal(pid, SIGTERM);
    await this.#untilGone().catch(async () => {
      for (const { pid } of await this.#find()) sendSignal(pid, SIGKILL);
      await this.#untilGone();
    });
    await rm(this.socketPath, { force: true });
  }

  async #ensure(): Promise<void> {
    const running = await this.#find();
    const settings = await readFile(this.#settingsPath, 'utf8').catch(() => '');
    if (running.length > 0) {
      const current = settings === this.#settings.digest && running.length === 1;
      if (current && (await this.#answersInTime())) return;
      // Started by an earlier version of the launcher, or stuck.
      await this.stop();
    }
    await this.#writeFiles();
    await this.#start();
  }

  async #answersInTime(): Promise<boolean> {
    const options = { timeoutMs: START_TIMEOUT_MS, intervalMs: START_POLL_MS };
    return waitFor(() => answers(this.socketPath), options).catch(() => false);
  }

  async #writeFiles(): Promise<void> {
    const { directory, runDirectory } = this.#places;
    // Podman lets containers with a user namespace pass through all directories above their files.
    await ensureDir(runDirectory, 0o711);
    await ensureDir(directory, 0o711);
    await mkdir(this.#settings.temporaryDirectory, { recursive: true, mode: 0o700 });
    for (const { path, text, mode } of this.#settings.files) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFileAtomic(path, text, { mode });
    }
    await writeFileAtomic(this.#settingsPath, this.#settings.digest);
  }

  async #start(): Promise<void> {
    await rm(this.socketPath, { force: true });
    const [program = '', ...args] = this.#commandLine();
    const log = await open(this.#logPath, 'w', 0o600);
    try {
      const child = spawn(program, args, {
        cwd: this.#places.directory,
        env: { ...this.#settings.environment },
        stdio: ['ignore', log.fd, log.fd],
        // A session of its own: what ends the launcher must not end the service.
        detached: true,
      });
      await this.#untilUp(child);
      // From here on it lives longer than we do.
      child.unref();
      this.#logger.info({ pid: child.pid, socket: this.socketPath }, 'podman service started');
    } finally {
      await log.close();
    }
  }

  async #untilUp(child: ChildProcess): Promise<void> {
    const ended = new AbortController();
    child.once('exit', () => {
      ended.abort();
    });
    child.once('error', () => {
      ended.abort();
    });
    const options = {
      timeoutMs: START_TIMEOUT_MS,
      intervalMs: START_POLL_MS,
      signal: ended.signal,
    };
    try {
      await waitFor(() => answers(this.socketPath), options);
    } catch (cause) {
      child.kill('SIGKILL');
      const log = await readFile(this.#logPath, 'utf8').catch(() => '');
      const reason = log.slice(-LOG_TAIL_BYTES).trim();
      const message = `the launcher's own podman service does not come up: ${reason}`;
      throw new LauncherError('ERR_LAUNCHER_ENGINE_UNAVAILABLE', message, { cause });
    }
  }

  #commandLine(): readonly string[] {
    const { podman } = this.#places.programs;
    const service = ['--log-level=warn', 'system', 'service', '--time=0'];
    return [podman, ...service, `unix://${this.socketPath}`];
  }

  #find(): Promise<readonly OwnProcess[]> {
    const own = this.#commandLine();
    return findOwnProcesses(
      (argv) => argv.length === own.length && argv.every((argument, at) => argument === own[at]),
    );
  }

  async #untilGone(): Promise<void> {
    const gone = async (): Promise<boolean> => (await this.#find()).length === 0;
    await waitFor(gone, { timeoutMs: STOP_TIMEOUT_MS, what: 'end of the podman service' });
  }

  get #settingsPath(): string {
    return join(this.#places.runDirectory, 'settings');
  }

  get #logPath(): string {
    return join(this.#places.directory, 'service.log');
  }
}

/** Whether something listens; podman does only when it is ready. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
