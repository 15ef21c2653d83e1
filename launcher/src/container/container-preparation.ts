// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseVolume, type ContainerConfig, type UserAndGroup } from '@proofgate/api';
import { ensureDir } from '@proofgate/daemon';
import { LauncherError } from '../errors.ts';
import type { VerifiedImage } from '../image/verified-image.ts';
import { CONTAINER_SOCKET_DIRECTORY } from '../workload-api/socket-place.ts';
import type { ContainerMount, ContainerSpec } from './container-spec.ts';
import { requireInit } from './init-program.ts';
import { STORAGE_TARGET } from './mount-targets.ts';
import { hostsFile, resolverFile } from './name-files.ts';
import { isolationOf, resolveContainer } from './resolve-container.ts';
import { SecretFiles } from './secrets/secret-files.ts';
import { checkIds, containerUser } from './user/container-user.ts';
import { userNamespaceBase } from './user/user-namespace-base.ts';
import { containerDevices } from './volumes/container-devices.ts';
import { containerWishes } from './volumes/image-labels.ts';
import { checkVolumes, prepareVolumes, type VolumeScope } from './volumes/named-volumes.ts';

/** What a preparation needs to know of the launcher and its machine. */
export interface ContainerPreparationOptions {
  /** Absolute path of the launcher's data directory. */
  readonly dataDir: string;
  /** Absolute path of its directory for sockets. */
  readonly runDir: string;
  /** Absolute path of the directory that secrets are taken from; {@link SECRETS_DIRECTORY} of `dataDir` unless told. */
  readonly secretsDir?: string | undefined;
  /** Eight hex digits that tell launchers on one machine apart. */
  readonly owner: string;
  /** Path of a static init program; `undefined` when the machine has none. */
  readonly init: string | undefined;
  /** Most open files that a container can be given. */
  readonly maxOpenFiles: number;
  /** Where the VM's name servers are written down, the best place first; {@link RESOLVER_FILES} unless told. */
  readonly resolverFiles?: readonly string[];
}

/** A container to be prepared. */
export interface PreparationRequest {
  /** Identifier in the engine, new for every start. */
  readonly id: string;
  readonly workload: ContainerConfig;
  readonly image: VerifiedImage;
  /** `spec_digest` of the event log. */
  readonly specDigest: string;
  /** Directory with the workload's own socket; `undefined` when it has none. */
  readonly socketDirectory: string | undefined;
  /** Directory where the workload's encrypted volume is mounted; `undefined` when it has none. */
  readonly storage: string | undefined;
}

/** systemd-resolved writes the servers that it asks to the first; the second then names only itself. */
export const RESOLVER_FILES: readonly string[] = [
  '/run/systemd/resolve/resolv.conf',
  '/etc/resolv.conf',
];

/** Name of the directory in the data directory that secrets are taken from. */
export const SECRETS_DIRECTORY = 'secrets';

/** Files below `/etc` that each start has for itself. */
const NAME_FILES = ['hosts', 'resolv.conf'] as const;

/** Only the launcher's user looks up what containers are given. */
const PRIVATE = 0o700;
/** Everybody in the container reads who is who. */
const READABLE = 0o444;

/**
 * Turns a declared container and its verified image into a description that an engine can run, and makes the files that
 * it mentions. What is made for one start is found under its identifier, and removed with it.
 */
export class ContainerPreparation {
  readonly #options: ContainerPreparationOptions;
  readonly #files: string;
  readonly #secrets: SecretFiles;

  constructor(options: ContainerPreparationOptions) {
    this.#options = options;
    this.#files = join(options.runDir, 'containers');
    const { secretsDir = join(options.dataDir, SECRETS_DIRECTORY) } = options;
    this.#secrets = new SecretFiles(join(options.runDir, 'secrets'), secretsDir);
  }

  /**
   * Refuses what cannot be run as it is declared, as far as that can be told without the image. Changes nothing.
   *
   * @param workload - a container
   * @throws LauncherError ERR_LAUNCHER_SETTING_UNSUPPORTED, ERR_LAUNCHER_VOLUME_REFUSED, ERR_LAUNCHER_USER_INVALID
   */
  admit(workload: ContainerConfig): void {
    const isolation = isolationOf(workload);
    const { name, user } = workload;
    if (isolation.init) requireInit(name, this.#options.init);
    if (
      isolation.user_namespace &&
      (workload.devices.length > 0 || isolation.image_labels.devices)
    ) {
      throw new LauncherError(
        'ERR_LAUNCHER_SETTING_UNSUPPORTED',
        `workload ${name} cannot have both devices and a user namespace`,
        { seen: 'isolation.user_namespace with devices', hint: 'give up one of them' },
      );
    }
    if (user !== undefined) checkIds(workload, { ...user, additionalGids: [] }, 'user');
    checkVolumes(this.#volumeScope(workload), workload.volumes.map(parseVolume));
  }

  /**
   * Prepares one start of a container.
   *
   * @param request - which container
   * @returns the description; to be given back by {@link release}, whatever becomes of the container
   * @throws LauncherError; nothing is left then
   */
  async prepare(request: PreparationRequest): Promise<ContainerSpec> {
    try {
      return await this.#prepare(request);
    } catch (error) {
      await this.release(request.id);
      throw error;
    }
  }

  /**
   * Describes a container as {@link prepare} has described it, and leaves its files alone.
   *
   * @param request - which container
   * @throws LauncherError when it could not be started now
   */
  async describe(request: PreparationRequest): Promise<ContainerSpec> {
    return this.#describe(request, () =>
      Promise.resolve([
        ...this.#nameMounts(request.id),
        ...this.#secrets.mounts(request.id, request.workload.secrets),
      ]),
    );
  }

  /** Removes what was made for one start, secrets first; volumes stay. No error when there is nothing. */
  async release(id: string): Promise<void> {
    await this.#secrets.remove(id);
    await rm(join(this.#files, id), { recursive: true, force: true });
  }

  /**
   * Removes what containers left that are gone, such as those of a launcher that was killed.
   *
   * @param kept - identifiers of the containers that there are
   */
  async reconcile(kept: ReadonlySet<string>): Promise<void> {
    await this.#secrets.reconcile(kept);
    const names = await readdir(this.#files).catch(() => []);
    for (const name of names) if (!kept.has(name)) await this.release(name);
  }

  /** Removes everything but volumes. For a launcher that leaves no container behind. */
  async removeAll(): Promise<void> {
    await this.#secrets.removeAll();
    await rm(this.#files, { recursive: true, force: true });
  }

  async #prepare(request: PreparationRequest): Promise<ContainerSpec> {
    const { id, workload } = request;
    return this.#describe(request, async (owner) => [
      ...(await this.#writeNames(id, workload)),
      ...(await this.#secrets.write(workload.name, id, workload.secrets, owner)),
    ]);
  }

  async #describe(
    request: PreparationRequest,
    ownFiles: (owner: UserAndGroup) => Promise<readonly ContainerMount[]>,
  ): Promise<ContainerSpec> {
    const { id, workload, image, specDigest } = request;
    this.admit(workload);
    const user = await containerUser(workload, image);
    const mapped = isolationOf(workload).user_namespace;
    const base = mapped ? userNamespaceBase(this.#options.owner, workload.name) : undefined;
    const owner = { uid: (base ?? 0) + user.uid, gid: (base ?? 0) + user.gid };
    const wishes = containerWishes(workload, image.config);
    const volumes = await prepareVolumes(this.#volumeScope(workload), wishes.volumes, owner);
    const devices = await containerDevices(workload.name, wishes.devices);
    const mounts = [
      ...(await ownFiles(owner)),
      ...socketMounts(request.socketDirectory),
      ...storageMounts(request.storage),
      ...volumes,
    ];
    const { owner: launcher, init, maxOpenFiles } = this.#options;
    return resolveContainer(workload, image, {
      ...{ id, owner: launcher, specDigest, user, init, maxOpenFiles, mounts, devices },
      userNamespaceBase: base,
    });
  }

  async #writeNames(id: string, workload: ContainerConfig): Promise<readonly ContainerMount[]> {
    await ensureDir(this.#files, PRIVATE);
    const directory = join(this.#files, id);
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { mode: PRIVATE });
    const egress = isolationOf(workload).egress !== 'none';
    const contents = [
      ['hosts', hostsFile(workload.name)],
      ['resolv.conf', resolverFile(egress, await this.#machineResolver())],
    ] as const;
    for (const [name, text] of contents) {
      await writeFile(join(directory, name), text);
      await chmod(join(directory, name), READABLE);
    }
    return this.#nameMounts(id);
  }

  #nameMounts(id: string): readonly ContainerMount[] {
    return NAME_FILES.map((name) => ({
      kind: 'bind',
      source: join(this.#files, id, name),
      target: `/etc/${name}`,
      readOnly: true,
      exec: false,
    }));
  }

  #volumeScope({ name, storage }: ContainerConfig): VolumeScope {
    const taken = storage === undefined ? [] : [STORAGE_TARGET];
    return { workload: name, dataDir: this.#options.dataDir, taken };
  }

  async #machineResolver(): Promise<string> {
    for (const path of this.#options.resolverFiles ?? RESOLVER_FILES) {
      const text = await readFile(path, 'utf8').catch(() => undefined);
      if (text !== undefined) return text;
    }
    return '';
  }
}

function socketMounts(directory: string | undefined): readonly ContainerMount[] {
  if (directory === undefined) return [];
  const target = CONTAINER_SOCKET_DIRECTORY;
  return [{ kind: 'bind', source: directory, target, readOnly: true, exec: false }];
}

function storageMounts(directory: string | undefined): readonly ContainerMount[] {
  if (directory === undefined) return [];
  const target = STORAGE_TARGET;
  return [{ kind: 'bind', source: directory, target, readOnly: false, exec: false }];
}
