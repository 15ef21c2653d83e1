// SPDX-License-Identifier: Apache-2.0
import {
  containerConfigSchema,
  declareContainer,
  type ContainerConfig,
  type PlatformConfig,
} from '@proofgate/api';
import { writeFileAtomic } from '@proofgate/daemon';
import { LauncherError } from '../errors.ts';
import { readFields, readStateFile } from './state-file.ts';

/** What a launcher leaves for the next one, apart from what runs. */
export interface LoadedState {
  /** Workloads that were loaded at run time, in the order in which they were. */
  readonly workloads: readonly ContainerConfig[];
  /** Images of each workload by name, the last one first: the present one and the one before it. */
  readonly images: ReadonlyMap<string, readonly string[]>;
}

/** `<data_dir>/loaded.json`: survives the launcher and a reboot, so that what was loaded is loaded again. */
export class LoadedFile {
  readonly #path: string;
  readonly #platform: PlatformConfig;
  #last: Promise<void> = Promise.resolve();

  constructor(path: string, platform: PlatformConfig) {
    this.#path = path;
    this.#platform = platform;
  }

  /**
   * Reads what the last launcher left.
   *
   * @returns its content; nothing when there is no file
   * @throws LauncherError ERR_LAUNCHER_RECORDS_INVALID when it is not a file of version 1
   */
  async read(): Promise<LoadedState> {
    try {
      const empty = { workloads: [], images: new Map() };
      return (await readStateFile(this.#path, parseState)) ?? empty;
    } catch (cause) {
      throw new LauncherError('ERR_LAUNCHER_RECORDS_INVALID', `${this.#path} cannot be read`, {
        expected: '{"version":1,"workloads":[…],"images":{…}}',
        hint: 'remove the file and load the workloads again',
        cause,
      });
    }
  }

  /** Replaces the file. One write after the other: the last one written is then the latest. */
  write({ workloads, images }: LoadedState): Promise<void> {
    const text = JSON.stringify({
      version: 1,
      workloads: workloads.map((container) => declareContainer(container, this.#platform)),
      images: Object.fromEntries(images),
    });
    const written = this.#last.then(() => writeFileAtomic(this.#path, text, { mode: 0o600 }));
    this.#last = written.catch(() => undefined);
    return written;
  }
}

function parseState(value: unknown): LoadedState {
  const { version, workloads, images } = readFields(value);
  if (version !== 1 || !Array.isArray(workloads)) throw new TypeError('not version 1');
  return {
    workloads: workloads.map((item: unknown) => containerConfigSchema.parse(item)),
    images: new Map(
      Object.entries(readFields(images)).map(([name, list]) => [name, parseList(list)]),
    ),
  };
}

function parseList(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new TypeError('not a list');
  return value.map((item: unknown) => {
    if (typeof item !== 'string') throw new TypeError('not a string');
    return item;
  });
}
