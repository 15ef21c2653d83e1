// SPDX-License-Identifier: Apache-2.0
import { writeFileAtomic, type Logger } from '@proofgate/daemon';
import { readFields, readStateFile } from '../supervision/state-file.ts';
import {
  EXTENSION_SOURCES,
  NO_EXTENSIONS,
  type ExtensionSource,
  type SourcedExtensions,
} from './dynamic-extensions.ts';
import { encodeExtensionList, parseExtensionList } from './extension-list.ts';

/** What a running instance has been told or has said, which holds until it ends. */
export interface InstanceNote {
  /** Names the instance, unlike any other of this boot. */
  readonly instance: string;
  /** Whether its owner has configured it. */
  readonly configured: boolean;
  readonly extensions: SourcedExtensions;
}

/** The notes of all instances in one file, for a launcher that takes them over. */
export class InstanceNotes {
  readonly #path: string;
  readonly #notes: Map<string, InstanceNote>;
  #last: Promise<void> = Promise.resolve();

  private constructor(path: string, notes: ReadonlyMap<string, InstanceNote>) {
    this.#path = path;
    this.#notes = new Map(notes);
  }

  /**
   * Opens the file. One that cannot be read counts as empty: then everything that has to be configured waits for it once
   * more, which is safe.
   *
   * @param path - the file; it must not outlive a boot
   * @param logger - told about a file that cannot be read
   * @returns the notes
   */
  static async open(path: string, logger: Logger): Promise<InstanceNotes> {
    const notes = await readStateFile(path, parseNotes).catch((error: unknown) => {
      logger.error({ err: error, path }, 'notes about running workloads cannot be read');
      return undefined;
    });
    return new InstanceNotes(path, notes ?? new Map());
  }

  /**
   * What is noted about an instance.
   *
   * @param id - names the version of the workload
   * @param instance - which run of it
   * @returns the note, or `undefined` when there is none or it is about another run
   */
  find(id: string, instance: string): InstanceNote | undefined {
    const note = this.#notes.get(id);
    return note?.instance === instance ? note : undefined;
  }

  /** Which version an instance was started as; `undefined` when it is not noted. */
  idOf(instance: string): string | undefined {
    return [...this.#notes].find(([, note]) => note.instance === instance)?.[0];
  }

  /** Notes something; replaces what was noted under this id. */
  put(id: string, note: InstanceNote): Promise<void> {
    this.#notes.set(id, note);
    return this.#save();
  }

  /** Forgets what has ended. */
  remove(id: string): Promise<void> {
    return this.#notes.delete(id) ? this.#save() : Promise.resolve();
  }

  /** Waits until everything is written that was to be. */
  settled(): Promise<void> {
    return this.#last;
  }

  /** One write after the other: the last one written is then the latest. */
  #save(): Promise<void> {
    const saved = this.#last.then(() =>
      writeFileAtomic(this.#path, JSON.stringify(toJson(this.#notes)), { mode: 0o600 }),
    );
    this.#last = saved.catch(() => undefined);
    return saved;
  }
}

function toJson(notes: ReadonlyMap<string, InstanceNote>): unknown {
  return {
    version: 1,
    instances: [...notes].map(([id, { instance, configured, extensions }]) => ({
      id,
      instance,
      configured,
      ...Object.fromEntries(
        EXTENSION_SOURCES.map((source) => [source, encodeExtensionList(extensions[source])]),
      ),
    })),
  };
}

function parseNotes(value: unknown): ReadonlyMap<string, InstanceNote> {
  const file = readFields(value);
  const instances = file['instances'];
  if (file['version'] !== 1 || !Array.isArray(instances)) throw new TypeError('version');
  return new Map(instances.map(parseNote));
}

function parseNote(value: unknown): [string, InstanceNote] {
  const note = readFields(value);
  const { id, instance, configured } = note;
  if (typeof id !== 'string' || typeof instance !== 'string' || typeof configured !== 'boolean') {
    throw new TypeError('a note is malformed');
  }
  const extensions: Record<ExtensionSource, SourcedExtensions[ExtensionSource]> = {
    ...NO_EXTENSIONS,
  };
  for (const source of EXTENSION_SOURCES) extensions[source] = parseExtensionList(note[source]);
  return [id, { instance, configured, extensions }];
}
