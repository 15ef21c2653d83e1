// SPDX-License-Identifier: Apache-2.0
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostPort } from '@proofgate/api';
import type { ExitReason } from '../supervision/exit-reason.ts';
import { capLogFiles } from '../logs/log-files.ts';
import { ProcessMembers } from './process-members.ts';
import { isAlive, readProcess } from './process-table.ts';
import type { ProcessRecord, RunningInstance } from '../supervision/runtime.ts';

/**
 * How often an adopted process is looked at. The kernel tells only the parent when a process ends, and we are not its
 * parent any more; reading one small file this often costs nothing.
 */
const ADOPTED_POLL_MS = 200;

/** Where a process workload writes and answers. */
export interface ProcessPlaces {
  /** `undefined` when nobody knows. */
  readonly logDir: string | undefined;
  /** `undefined` when it is only to be ended. */
  readonly address: HostPort | undefined;
}

/** A process workload, whoever started it. */
export abstract class ProcessInstance implements RunningInstance {
  readonly record: ProcessRecord;
  readonly address: HostPort | undefined;
  readonly exited: Promise<ExitReason>;
  readonly #logDir: string | undefined;
  readonly #members: ProcessMembers;
  #stopping: Promise<void> | undefined;

  constructor(
    record: ProcessRecord,
    { logDir, address }: ProcessPlaces,
    leader: Promise<ExitReason>,
  ) {
    this.record = record;
    this.address = address;
    this.#logDir = logDir;
    this.#members = new ProcessMembers(record.pid, record.ownUid);
    this.exited = leader.then((reason) => this.#clear(reason));
    // Whoever waits for it gets the rejection; an instance that nobody waits for must not end the launcher with it.
    this.exited.catch(() => undefined);
  }

  get pid(): number {
    return this.record.pid;
  }

  async stop(graceMs: number): Promise<ExitReason> {
    this.#stopping ??= this.#members.end(graceMs);
    await this.#stopping;
    return this.exited;
  }

  async maintain(): Promise<void> {
    if (this.#logDir !== undefined) await capLogFiles(this.#logDir);
  }

  /** What the first process leaves behind when it ends would hold its port and its files. */
  async #clear(reason: ExitReason): Promise<ExitReason> {
    this.#stopping ??= this.#members.end(0);
    await this.#stopping;
    return reason;
  }
}

/** A process that this launcher started: its exit status is known. */
export class SpawnedProcess extends ProcessInstance {
  constructor(record: ProcessRecord, places: ProcessPlaces, child: ChildProcess) {
    super(record, places, exitOf(child));
  }
}

/** A process that an earlier launcher started: only its presence can be observed. */
export class AdoptedProcess extends ProcessInstance {
  constructor(record: ProcessRecord, places: ProcessPlaces) {
    super(record, places, absenceOf(record));
  }
}

function exitOf(child: ChildProcess): Promise<ExitReason> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve(
        signal === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'signalled', signal },
      );
    });
  });
}

async function absenceOf(record: ProcessRecord): Promise<ExitReason> {
  for (;;) {
    const entry = await readProcess(record.pid);
    const present = entry !== undefined && isAlive(entry) && entry.startTime === record.startTime;
    if (!present) return { kind: 'vanished' };
    // A launcher at work is kept alive by its sockets; one that could not start must be able to end.
    await sleep(ADOPTED_POLL_MS, undefined, { ref: false });
  }
}
