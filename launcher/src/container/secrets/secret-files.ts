// SPDX-License-Identifier: Apache-2.0
import { chown, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerSecret } from '@proofgate/api';
import type { ContainerMount } from '../container-spec.ts';
import { SECRETS_TARGET } from '../mount-targets.ts';
import { ensureMemoryDirectory, releaseMemoryDirectory } from './memory-directory.ts';
import { readSecret } from './read-secret.ts';

/** Whose files they are, in numbers of the VM. */
export interface SecretOwner {
  readonly uid: number;
  readonly gid: number;
}

/** The container's user may look, and nobody may change anything. */
const DIRECTORY_MODE = 0o500;
const FILE_MODE = 0o400;

/**
 * Secrets as files in memory, one directory a container. They are in no environment, no engine's database and no log;
 * what a container gets is a read-only view of its own directory.
 */
export class SecretFiles {
  readonly #directory: string;
  readonly #sources: string;

  /**
   * @param directory - absolute path that only the launcher's user may enter, best on a file system in memory
   * @param sources - absolute path of the directory that secrets are taken from
   */
  constructor(directory: string, sources: string) {
    this.#directory = directory;
    this.#sources = sources;
  }

  /**
   * Reads the secrets of a container and writes them where it can see them.
   *
   * @param workload - its name, for messages
   * @param id - of the container
   * @param secrets - which
   * @param owner - the container's user
   * @returns what is to be mounted; nothing when there are no secrets
   * @throws LauncherError ERR_LAUNCHER_SECRET_UNREADABLE; nothing is left then
   */
  async write(
    workload: string,
    id: string,
    secrets: readonly ContainerSecret[],
    owner: SecretOwner,
  ): Promise<readonly ContainerMount[]> {
    if (secrets.length === 0) return [];
    await ensureMemoryDirectory(this.#directory);
    const source = this.#place(id);
    try {
      await rm(source, { recursive: true, force: true });
      await mkdir(source, { mode: DIRECTORY_MODE });
      for (const secret of secrets) {
        const bytes = await readSecret(workload, secret, this.#sources);
        await writeOwned(join(source, secret.name), bytes, owner);
        bytes.fill(0);
      }
      await chown(source, owner.uid, owner.gid);
    } catch (error) {
      await this.remove(id);
      throw error;
    }
    return this.mounts(id, secrets);
  }

  /** What {@link write} has answered for a container. */
  mounts(id: string, secrets: readonly ContainerSecret[]): readonly ContainerMount[] {
    if (secrets.length === 0) return [];
    const source = this.#place(id);
    return [{ kind: 'bind', source, target: SECRETS_TARGET, readOnly: true, exec: false }];
  }

  /** Removes the secrets of a container; no error when there are none. */
  async remove(id: string): Promise<void> {
    await rm(this.#place(id), { recursive: true, force: true });
  }

  /**
   * Removes what containers left that are gone.
   *
   * @param kept - identifiers of the containers that there are
   */
  async reconcile(kept: ReadonlySet<string>): Promise<void> {
    const names = await readdir(this.#directory).catch(() => []);
    for (const name of names) if (!kept.has(name)) await this.remove(name);
  }

  /** Removes everything, and the file system in memory with it. For a launcher that leaves no container behind. */
  async removeAll(): Promise<void> {
    await this.reconcile(new Set());
    await releaseMemoryDirectory(this.#directory);
  }

  #place(id: string): string {
    return join(this.#directory, id);
  }
}

async function writeOwned(path: string, bytes: Uint8Array, owner: SecretOwner): Promise<void> {
  const file = await open(path, 'wx', FILE_MODE);
  try {
    await file.writeFile(bytes);
    await file.chown(owner.uid, owner.gid);
  } finally {
    await file.close();
  }
}
