// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { constants } from 'node:fs';
import { open, readlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerConfig, HostPort, UserAndGroup } from '@proofgate/api';
import type { Logger } from '@proofgate/daemon';
import { LauncherError } from '../errors.ts';
import { findObstacle } from './file-access.ts';
import { openLogFiles } from '../logs/log-files.ts';
import { measureProgram, type MeasuredFile } from './measured-program.ts';
import type { MeasuredWorkload } from '../measurement/measured-workload.ts';
import { AdoptedProcess, SpawnedProcess, type ProcessInstance } from './process-instance.ts';
import { ProcessMembers } from './process-members.ts';
import {
  processEnvironment,
  processSpecDigest,
  processWorkingDir,
  refuseContainerSettings,
} from './process-spec.ts';
import { findProcesses, isAlive, readProcess, readProcessNow } from './process-table.ts';
import { formatUser, processUser, type ProcessUser } from './process-user.ts';
import type {
  InstanceRecord,
  KeptInstance,
  ProcessRecord,
  Runtime,
  StartOptions,
  VmListener,
} from '../supervision/runtime.ts';

/** What the process runtime needs. */
export interface ProcessRuntimeOptions {
  /** Real path of the directory with one directory of logs for each workload; only the launcher's user may enter it. */
  readonly logsDir: string;
  /** The launcher's own user; root can give each workload its own. */
  readonly own: UserAndGroup;
  readonly logger: Logger;
}

/**
 * Runs workloads as plain processes: each leads its own session, has its own user where the launcher is root, no
 * supplementary groups, an environment of its own, and no descriptor of ours but its log files. No shell is involved.
 *
 * A process shares the file system, the network and the process table with everything else in the VM. What keeps it
 * from the rest is its user id; isolation beyond that is what containers are for.
 */
export class ProcessRuntime implements Runtime {
  readonly #logsDir: string;
  readonly #own: UserAndGroup;
  readonly #logger: Logger;

  constructor(options: ProcessRuntimeOptions) {
    this.#logsDir = options.logsDir;
    this.#own = options.own;
    this.#logger = options.logger;
  }

  admit(workload: ContainerConfig): void {
    this.#userOf(workload);
  }

  listenerOf(workload: ContainerConfig): VmListener {
    const uid = this.#userOf(workload)?.uid ?? this.#own.uid;
    return { uid, address: addressOf(workload) };
  }

  measure(workload: ContainerConfig): Promise<MeasuredWorkload> {
    return measureProcess(workload);
  }

  /** What a process runs is in the VM's image. */
  async prepare(): Promise<void> {
    // Nothing to be fetched.
  }

  ownerOf({ config }: MeasuredWorkload): Promise<UserAndGroup | undefined> {
    return Promise.resolve(this.#userOf(config));
  }

  async start(
    measured: MeasuredWorkload,
    { socketDirectory }: StartOptions = {},
  ): Promise<ProcessInstance> {
    const workload = measured.config;
    const program = await measureProgram(workload.name, workload.command);
    if (program.digest !== measured.imageDigest) {
      throw new LauncherError(
        'ERR_LAUNCHER_PROGRAM_CHANGED',
        `a file on the command line of workload ${workload.name} has changed since it was measured`,
        {
          expected: measured.imageDigest,
          seen: program.digest,
          hint: 'restart the launcher to measure the new program; files that change belong into env or a config file',
        },
      );
    }
    const user = this.#userOf(workload);
    if (user !== undefined) await this.#warnOfObstacle(measured, program.files, user);
    const logDir = this.#logDir(workload.name);
    const logs = await openLogFiles(logDir, user);
    const sockets =
      socketDirectory === undefined ? undefined : await openDirectory(socketDirectory);
    try {
      const child = spawn(workload.command[0] ?? '', workload.command.slice(1), {
        cwd: processWorkingDir(workload),
        env: { ...processEnvironment(workload) },
        // A session of its own: signals to the launcher's terminal or group do not reach it.
        detached: true,
        // Its user cannot walk to the directory with its socket; as descriptor 3 it can pass through it.
        stdio: ['ignore', logs.stdout.fd, logs.stderr.fd, ...(sockets ? [sockets.fd] : [])],
        ...switchUser(user),
      });
      const places = { logDir, address: addressOf(workload) };
      const record = { ...(await recordOf(child, user)), port: workload.port };
      return new SpawnedProcess(record, places, child);
    } catch (cause) {
      throw startFailed(workload.name, user, cause);
    } finally {
      await sockets?.close();
      await logs.close();
    }
  }

  async adopt(
    record: InstanceRecord,
    measured: MeasuredWorkload | undefined,
  ): Promise<ProcessInstance | undefined> {
    if (record.runtime !== 'process') throw foreignRecord(record);
    const entry = await readProcess(record.pid);
    const pidReused = entry !== undefined && entry.startTime !== record.startTime;
    if (entry !== undefined && isAlive(entry) && !pidReused) {
      const workload = await this.#workloadOf(record.pid);
      return new AdoptedProcess(record, {
        logDir: workload === undefined ? undefined : this.#logDir(workload),
        address: addressOf(measured?.config ?? record),
      });
    }
    await new ProcessMembers(pidReused ? undefined : record.pid, record.ownUid).end(0);
    return undefined;
  }

  /**
   * A stray is a session leader whose output goes to a workload's log: between `spawn` and the record of it the
   * launcher may have been killed.
   */
  async findStrays(kept: readonly KeptInstance[]): Promise<readonly ProcessInstance[]> {
    const names = kept.flatMap(({ workload, record }) =>
      record.runtime === 'process' ? [workload] : [],
    );
    const strays = await findProcesses(async ({ pid, session }) => {
      if (pid !== session) return false;
      const workload = await this.#workloadOf(pid);
      return workload !== undefined && !names.includes(workload);
    });
    return strays.map(({ pid, startTime }) => {
      const record = { runtime: 'process', pid, startTime } as const;
      return new AdoptedProcess(record, { logDir: undefined, address: undefined });
    });
  }

  /**
   * All processes share the VM's network, so only what listens on another port can run at the same time; and where a user
   * id is one workload's alone, everything under it ends together.
   */
  fitsBeside(present: MeasuredWorkload, next: MeasuredWorkload): boolean {
    const ends = [present, next].some(({ config }) => this.#userOf(config)?.exclusive === true);
    return present.config.port !== next.config.port && !ends;
  }

  async release(): Promise<void> {
    // Its logs stay, and it has nothing else.
  }

  async collectGarbage(): Promise<void> {
    // Nothing is made that would have to be removed.
  }

  /** A warning and no refusal: access control lists, which are not looked at, may let the user in all the same. */
  async #warnOfObstacle(
    { config }: MeasuredWorkload,
    files: readonly MeasuredFile[],
    user: ProcessUser,
  ): Promise<void> {
    for (const { path } of files) {
      const obstacle = await findObstacle(path, user);
      if (obstacle === undefined) continue;
      this.#logger.warn(
        { workload: config.name, user: formatUser(user), path, obstacle },
        'the user of the workload cannot read a file that its command names',
      );
    }
  }

  #userOf(workload: ContainerConfig): ProcessUser | undefined {
    return processUser(workload.name, this.#logsDir, workload.user, this.#own);
  }

  /** The workload whose log a process writes to. */
  async #workloadOf(pid: number): Promise<string | undefined> {
    const target = await readlink(`/proc/${String(pid)}/fd/1`).catch(() => '');
    if (!target.startsWith(`${this.#logsDir}/`)) return undefined;
    return target.slice(this.#logsDir.length + 1).split('/')[0];
  }

  #logDir(workload: string): string {
    return join(this.#logsDir, workload);
  }
}

/**
 * Measures a process workload.
 *
 * @param workload - a workload with `runtime: process`
 * @returns its digests
 * @throws LauncherError ERR_LAUNCHER_SETTING_UNSUPPORTED, ERR_LAUNCHER_ENV_RESERVED, ERR_LAUNCHER_COMMAND_INVALID or
 *   ERR_LAUNCHER_FILE_UNREADABLE when it cannot be run as it is declared
 */
export async function measureProcess(workload: ContainerConfig): Promise<MeasuredWorkload> {
  refuseContainerSettings(workload);
  const specDigest = processSpecDigest(workload);
  const program = await measureProgram(workload.name, workload.command);
  return {
    config: workload,
    // As in a URI, and without "@", which in a reference begins the digest.
    imageRef: `process:${encodeURI(workload.command[0] ?? '').replaceAll('@', '%40')}`,
    imageDigest: program.digest,
    specDigest,
  };
}

/** Where a process is reached: it shares the VM's network. */
function addressOf({ port }: Pick<ContainerConfig, 'port'>): HostPort;
function addressOf({ port }: Pick<ProcessRecord, 'port'>): HostPort | undefined;
function addressOf({ port }: Pick<ProcessRecord, 'port'>): HostPort | undefined {
  return port === undefined ? undefined : { host: LOOPBACK, port };
}

/** A process answers on loopback alone, so that nothing outside the VM reaches it past the proxy. */
const LOOPBACK = '127.0.0.1';

function foreignRecord({ runtime }: InstanceRecord): LauncherError {
  return new LauncherError(
    'ERR_LAUNCHER_RUNTIME_UNAVAILABLE',
    `a workload was started by ${runtime}, which this launcher does not use`,
    { expected: 'process', seen: runtime },
  );
}

function openDirectory(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_DIRECTORY);
}

/** libuv also empties the supplementary groups when it switches the user as root. */
function switchUser(user: ProcessUser | undefined): Pick<SpawnOptions, 'uid' | 'gid'> {
  return user === undefined ? {} : { uid: user.uid, gid: user.gid };
}

async function recordOf(
  child: ChildProcess,
  user: ProcessUser | undefined,
): Promise<ProcessRecord> {
  if (child.pid === undefined) throw await spawnError(child);
  const entry = readProcessNow(child.pid);
  if (entry === undefined) {
    child.kill('SIGKILL');
    throw new Error('the new process is not in /proc');
  }
  return {
    runtime: 'process',
    pid: entry.pid,
    startTime: entry.startTime,
    ...(user?.exclusive === true ? { ownUid: user.uid } : {}),
  };
}

function spawnError(child: ChildProcess): Promise<Error> {
  return new Promise((resolve) => child.once('error', resolve));
}

function startFailed(
  workload: string,
  user: ProcessUser | undefined,
  cause: unknown,
): LauncherError {
  const identity = user === undefined ? '' : ` as ${formatUser(user)}`;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LauncherError(
    'ERR_LAUNCHER_START_FAILED',
    `workload ${workload} could not be started${identity}: ${reason}`,
    {
      hint: 'the user must be able to reach and execute the program and enter the working directory',
      cause,
    },
  );
}
