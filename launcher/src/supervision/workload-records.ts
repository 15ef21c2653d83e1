// SPDX-License-Identifier: Apache-2.0
import { writeFileAtomic } from '@proofgate/daemon';
import { LauncherError } from '../errors.ts';
import type { InstanceRecord } from './runtime.ts';
import { readFields, readStateFile } from './state-file.ts';

/** What a launcher has to know about a workload that an earlier one started. */
export interface WorkloadRecord {
  readonly name: string;
  readonly imageDigest: string;
  readonly specDigest: string;
  readonly instance: InstanceRecord;
}

/** The file that says what runs, so that the next launcher can take it over. Written after every start and end. */
export class WorkloadRecords {
  readonly #path: string;
  readonly #bootId: string;
  readonly #records: Map<string, WorkloadRecord>;
  #last: Promise<void> = Promise.resolve();

  private constructor(path: string, bootId: string, records: readonly WorkloadRecord[]) {
    this.#path = path;
    this.#bootId = bootId;
    this.#records = new Map(records.map((record) => [record.name, record]));
  }

  /**
   * Opens the file.
   *
   * @param path - the file
   * @param bootId - names this boot of the kernel: process ids of another boot mean nothing, so its records are dropped
   * @returns the records
   * @throws LauncherError ERR_LAUNCHER_RECORDS_INVALID when the file is there but is not a record file of version 1
   */
  static async open(path: string, bootId: string): Promise<WorkloadRecords> {
    const file = await readRecords(path);
    return new WorkloadRecords(path, bootId, file.bootId === bootId ? file.workloads : []);
  }

  /** What ran when the last launcher wrote, and what has been started since. */
  list(): readonly WorkloadRecord[] {
    return [...this.#records.values()];
  }

  /** Remembers what runs under this name. */
  put(record: WorkloadRecord): Promise<void> {
    this.#records.set(record.name, record);
    return this.#save();
  }

  /** Forgets what has ended. */
  remove(name: string): Promise<void> {
    return this.#records.delete(name) ? this.#save() : Promise.resolve();
  }

  /** One write after the other: the last one written is then the latest. */
  #save(): Promise<void> {
    const saved = this.#last.then(() =>
      writeFileAtomic(
        this.#path,
        JSON.stringify({ version: 1, boot_id: this.#bootId, workloads: this.list().map(toJson) }),
        { mode: 0o600 },
      ),
    );
    this.#last = saved.catch(() => undefined);
    return saved;
  }
}

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

function toJson(record: WorkloadRecord): unknown {
  const { pid, startTime, ownUid } = record.instance;
  return {
    name: record.name,
    image_digest: record.imageDigest,
    spec_digest: record.specDigest,
    runtime: record.instance.runtime,
    pid,
    start_time: startTime,
    own_uid: ownUid ?? null,
  };
}

function parseRecords(value: unknown): RecordFile {
  const file = readFields(value);
  if (file['version'] !== 1 || !Array.isArray(file['workloads'])) throw new TypeError('version');
  return { bootId: text(file['boot_id']), workloads: file['workloads'].map(parseRecord) };
}

function parseRecord(value: unknown): WorkloadRecord {
  const record = readFields(value);
  if (record['runtime'] !== 'process') throw new TypeError('unknown runtime');
  const ownUid = record['own_uid'] === null ? {} : { ownUid: positive(record['own_uid']) };
  return {
    name: text(record['name']),
    imageDigest: text(record['image_digest']),
    specDigest: text(record['spec_digest']),
    instance: {
      runtime: 'process',
      pid: positive(record['pid']),
      startTime: positive(record['start_time']),
      ...ownUid,
    },
  };
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('not a string');
  return value;
}

/** Zero and negative numbers mean whole groups of processes to kill(2). */
function positive(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0) {
    throw new TypeError('not a positive number');
  }
  return value;
}
