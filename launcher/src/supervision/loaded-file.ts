// SPDX-License-Identifier: Apache-2.0
import {
  containerConfigSchema,
  declareContainer,
  type ContainerConfig,
  type PlatformConfig,
} from '@proofgate/api';
import { writeFileAtomic } from '@proofgate/daemon';
import { LauncherError } from '../errors.ts';
import type { OverruledServers } from '../measurement/attestation-servers.ts';
import { SharedWrite } from './shared-write.ts';
import { readFields, readStateFile } from './state-file.ts';

/** What a launcher leaves for the next one, apart from what runs. */
export interface LoadedState {
  /** Workloads that were loaded at run time, in the order in which they were. */
  readonly workloads: readonly ContainerConfig[];
  /** Workloads of the config file as they were when they were loaded: the file may have changed since. */
  readonly fromFile: readonly ContainerConfig[];
  /** What the config file said of workloads in whose place something else was loaded. */
  readonly overruled: readonly ContainerConfig[];
  /** `undefined` when the servers are those of the config file. */
  readonly attestationServers: OverruledServers | undefined;
  /** Images of each workload by name, the last one first: the present one and the one before it. */
  readonly images: ReadonlyMap<string, readonly string[]>;
}

/** `<data_dir>/loaded.json`: survives the launcher and a reboot, so that what was loaded is loaded again. */
export class LoadedFile {
  readonly #path: string;
  readonly #platform: PlatformConfig;
  readonly #file: SharedWrite;
  /** What the file is to hold. */
  #text = '';

  constructor(path: string, platform: PlatformConfig) {
    this.#path = path;
    this.#platform = platform;
    this.#file = new SharedWrite(() => writeFileAtomic(path, this.#text, { mode: 0o600 }));
  }

  /**
   * Reads what the last launcher left.
   *
   * @returns its content; nothing when there is no file
   * @throws LauncherError ERR_LAUNCHER_RECORDS_INVALID when it is not a file of version 1
   */
  async read(): Promise<LoadedState> {
    try {
      return (await readStateFile(this.#path, parseState)) ?? NOTHING;
    } catch (cause) {
      throw new LauncherError('ERR_LAUNCHER_RECORDS_INVALID', `${this.#path} cannot be read`, {
        expected: 'what a launcher has written, version 1',
        hint: 'remove the file and load the workloads again',
        cause,
      });
    }
  }

  /** Replaces the file, by this or by what somebody has given since. */
  write({
    workloads,
    fromFile,
    overruled,
    images,
    attestationServers,
  }: LoadedState): Promise<void> {
    const declare = (container: ContainerConfig): unknown =>
      declareContainer(container, this.#platform);
    this.#text = JSON.stringify({
      version: 1,
      workloads: workloads.map(declare),
      from_file: fromFile.map(declare),
      overruled: overruled.map(declare),
      ...(attestationServers === undefined
        ? {}
        : { attestation_servers: toJson(attestationServers) }),
      images: Object.fromEntries(images),
    });
    return this.#file.run();
  }
}

const NOTHING: LoadedState = {
  workloads: [],
  fromFile: [],
  overruled: [],
  attestationServers: undefined,
  images: new Map(),
};

function parseState(value: unknown): LoadedState {
  const { version, workloads, from_file: fromFile, overruled, images, ...rest } = readFields(value);
  if (version !== 1) throw new TypeError('not version 1');
  return {
    workloads: parseContainers(workloads),
    fromFile: parseContainers(fromFile),
    // An earlier version did not write it.
    overruled: parseContainers(overruled ?? []),
    attestationServers: parseServers(rest['attestation_servers']),
    images: new Map(
      Object.entries(readFields(images)).map(([name, list]) => [name, parseList(list)]),
    ),
  };
}

function parseContainers(value: unknown): readonly ContainerConfig[] {
  if (!Array.isArray(value)) throw new TypeError('not a list');
  return value.map((item: unknown) => containerConfigSchema.parse(item));
}

function toJson({ inForce, inFile }: OverruledServers): unknown {
  return { in_force: inForce, in_file: inFile };
}

function parseServers(value: unknown): OverruledServers | undefined {
  if (value === undefined) return undefined;
  const { in_force: inForce, in_file: inFile } = readFields(value);
  return { inForce: parseList(inForce), inFile: parseList(inFile) };
}

function parseList(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new TypeError('not a list');
  return value.map((item: unknown) => {
    if (typeof item !== 'string') throw new TypeError('not a string');
    return item;
  });
}
