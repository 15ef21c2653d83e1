// SPDX-License-Identifier: Apache-2.0
import { writeFileAtomic } from '@proofgate/daemon';
import { LauncherError } from '../errors.ts';
import type { ContainerRecord, InstanceRecord, ProcessRecord } from './runtime.ts';
import { SharedWrite } from './shared-write.ts';
import { readFields, readStateFile } from './state-file.ts';

/** What a launcher has to know about a workload that an earlier one started. */
export interface WorkloadRecord {
  readonly name: string;
  readonly imageDigest: string;
  readonly specDigest: string;
  readonly instance: InstanceRecord;
}

/** A record and the name that it has while this launcher runs; two versions of a workload may run at a time. */
export interface KeyedRecord extends WorkloadRecord {
  readonly key: string;
}

/** The file that says what runs, so that the next launcher can take it over. Written after every start and end. */
export class WorkloadRecords {
  readonly #path: string;
  readonly #bootId: string;
  readonly #records: Map<string, WorkloadRecord>;
  readonly #file: SharedWrite;
  #keys = 0;

  private constructor(path: string, bootId: string, records: readonly WorkloadRecord[]) {
    this.#path = path;
    this.#bootId = bootId;
    this.#records = new Map(records.map((record) => [this.newKey(), record]));
    this.#file = new SharedWrite(() => this.#write());
  }

  /**
   * Opens the file.
   *
   * @param path - the file
   * @param bootId - names this boot of the kernel: process ids of another boot mean nothing, so its records are dropped
   * @returns the records
   * @throws LauncherError ERR_LAUNCHER_RECORDS_INVALID when the file is there but is not a record file of version 1 or 2
   */
  static async open(path: string, bootId: string): Promise<WorkloadRecords> {
    const file = await readRecords(path);
    return new WorkloadRecords(path, bootId, file.bootId === bootId ? file.workloads : []);
  }

  /** What ran when the last launcher wrote, and what has been started since. */
  list(): readonly KeyedRecord[] {
    return [...this.#records].map(([key, record]) => ({ key, ...record }));
  }

  /** A key that no record has or had. */
  newKey(): string {
    this.#keys += 1;
    return String(this.#keys);
  }

  /** Remembers what runs under this key. */
  put(key: string, record: WorkloadRecord): Promise<void> {
    this.#records.set(key, record);
    return this.#file.run();
  }

  /** Forgets what has ended. */
  remove(key: string): Promise<void> {
    return this.#records.delete(key) ? this.#file.run() : Promise.resolve();
  }

  #write(): Promise<void> {
    const workloads = [...this.#records.values()].map(toJson);
    const file = { version: FILE_VERSION, boot_id: this.#bootId, workloads };
    return writeFileAtomic(this.#path, JSON.stringify(file), { mode: 0o600 });
  }
}

/** Version 1 knew processes alone. */
const FILE_VERSION = 2;

interface RecordFile {
  readonly bootId: string | undefined;
  readonly workloads: readonly WorkloadRecord[];
}

async function readRecords(path: string): Promise<RecordFile> {
  try {
    return (await readStateFile(path, parseRecords)) ?? { bootId: undefined, workloads: [] };
  } catch (cause) {
    throw new LauncherError('ERR_LAUNCHER_RECORDS_INVALID', `${path} is not a record file`, {
      hint: 'end the processes of the workloads and remove the file',
      cause,
    });
  }
}

function toJson({ name, imageDigest, specDigest, instance }: WorkloadRecord): unknown {
  return {
    name,
    image_digest: imageDigest,
    spec_digest: specDigest,
    runtime: instance.runtime,
    ...(instance.runtime === 'process' ? processFields(instance) : containerFields(instance)),
  };
}

function processFields({ pid, startTime, ownUid, port }: ProcessRecord): object {
  const known = port === undefined ? {} : { port };
  return { pid, start_time: startTime, own_uid: ownUid ?? null, ...known };
}

function containerFields(container: ContainerRecord): object {
  const { id, slot, port, stopSignal, egress, startedAt } = container;
  return { id, slot, port, stop_signal: stopSignal, egress, started_at: startedAt };
}

function parseRecords(value: unknown): RecordFile {
  const file = readFields(value);
  const known = file['version'] === 1 || file['version'] === FILE_VERSION;
  if (!known || !Array.isArray(file['workloads'])) throw new TypeError('version');
  return { bootId: text(file['boot_id']), workloads: file['workloads'].map(parseRecord) };
}

function parseRecord(value: unknown): WorkloadRecord {
  const record = readFields(value);
  return {
    name: text(record['name']),
    imageDigest: text(record['image_digest']),
    specDigest: text(record['spec_digest']),
    instance: parseInstance(record),
  };
}

function parseInstance(record: Readonly<Record<string, unknown>>): InstanceRecord {
  const { runtime } = record;
  switch (runtime) {
    case 'process':
      return {
        runtime,
        pid: positive(record['pid']),
        startTime: positive(record['start_time']),
        ...(record['own_uid'] === null ? {} : { ownUid: positive(record['own_uid']) }),
        ...(record['port'] === undefined ? {} : { port: positive(record['port']) }),
      };
    case 'containerd':
    case 'podman':
      return {
        runtime,
        id: text(record['id']),
        slot: natural(record['slot']),
        port: positive(record['port']),
        stopSignal: positive(record['stop_signal']),
        egress: flag(record['egress']),
        startedAt: natural(record['started_at']),
      };
    default:
      throw new TypeError('unknown runtime');
  }
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('not a string');
  return value;
}

function flag(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new TypeError('not a boolean');
  return value;
}

function natural(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new TypeError('not a whole number');
  }
  return value;
}

/** Zero and negative numbers mean whole groups of processes to kill(2). */
function positive(value: unknown): number {
  const number = natural(value);
  if (number === 0) throw new TypeError('not a positive number');
  return number;
}
