// SPDX-License-Identifier: Apache-2.0
import { chown, link, lstat, readlink, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { UserAndGroup } from '@proofgate/api';
import { ensureDir } from '@proofgate/daemon';

/*
 * Below <run_dir>/workload, which nobody but the launcher's user may enter:
 *
 *   .sockets/<id>.sock          where the launcher binds; short, since the path of a socket may have 107 bytes
 *   <name>/<id>/workload.sock   the same socket, in a directory of its own for each version of a workload
 *   <name>.sock                 leads to the version that was served last
 *
 * A workload gets its directory and not the socket: a launcher that takes over makes a new socket in the same
 * directory, and the workload finds it there. A container has it mounted; a process inherits it as an open descriptor,
 * because its user cannot walk there.
 */

/** Where a container finds its directory. */
export const CONTAINER_SOCKET_DIRECTORY = '/run/proofgate';

/** Name of the socket in that directory. */
export const WORKLOAD_SOCKET = 'workload.sock';

/** Where a process finds its socket: it inherits its directory as the first descriptor after the standard ones. */
export const INHERITED_SOCKET: string = `/proc/self/fd/3/${WORKLOAD_SOCKET}`;

/** A process can pass through the directory that it is given, and not list or change it. */
const PASSABLE = 0o711;

/** The directories and names of one version of a workload. */
export class SocketPlace {
  /** Where the socket is to be bound. */
  readonly bound: string;
  /** What the workload gets. */
  readonly directory: string;
  readonly #name: string;
  readonly #id: string;
  readonly #base: string;

  /**
   * @param runDir - absolute path of the launcher's directory of sockets
   * @param name - of the workload
   * @param id - of its version
   */
  constructor(runDir: string, name: string, id: string) {
    this.#base = join(runDir, 'workload');
    this.#name = name;
    this.#id = id;
    this.bound = join(this.#base, '.sockets', `${id}.sock`);
    this.directory = join(this.#base, name, id);
  }

  /**
   * Makes the directories. Those that are there stay the same ones, since they may be mounted somewhere.
   *
   * @throws DaemonError ERR_DAEMON_FILE_WRITE
   */
  async prepare(): Promise<void> {
    await ensureDir(this.#base, 0o700);
    await ensureDir(join(this.#base, '.sockets'), 0o700);
    await ensureDir(join(this.#base, this.#name), 0o700);
    await ensureDir(this.directory, PASSABLE);
  }

  /** Lets the processes of a user connect, beside the launcher's own. */
  async assign({ uid, gid }: UserAndGroup): Promise<void> {
    await chown(this.bound, uid, gid);
  }

  /** Shows the bound socket to the workload, instead of an earlier one. */
  async show(): Promise<void> {
    const fresh = join(this.#base, '.sockets', `${this.#id}.new`);
    await rm(fresh, { force: true });
    await link(this.bound, fresh);
    await rename(fresh, join(this.directory, WORKLOAD_SOCKET));
    // What is shown already is left where it was (rename(2)).
    await rm(fresh, { force: true });
    await symlink(this.#destination, fresh);
    await rename(fresh, this.#link);
  }

  /** Whose the socket is that is shown now; `undefined` when none is, or the launcher's own. */
  async presentOwner(): Promise<UserAndGroup | undefined> {
    const found = await lstat(join(this.directory, WORKLOAD_SOCKET)).catch(() => undefined);
    return found?.isSocket() === true ? { uid: found.uid, gid: found.gid } : undefined;
  }

  /** Takes everything away. */
  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
    const destination = await readlink(this.#link).catch(() => undefined);
    if (destination === this.#destination) await rm(this.#link, { force: true });
    // Another version of the workload may still be there.
    await rmdir(join(this.#base, this.#name)).catch(() => undefined);
  }

  get #link(): string {
    return join(this.#base, `${this.#name}.sock`);
  }

  get #destination(): string {
    return join(this.#name, this.#id, WORKLOAD_SOCKET);
  }
}
