// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { LauncherError } from '../../errors.ts';
import type { ContainerSpec } from '../container-spec.ts';
import { MASKED_PATHS, READ_ONLY_PATHS } from '../kernel-paths.ts';
import {
  cpuFinding,
  deviceFinding,
  memoryFinding,
  pidsFinding,
  type ControlGroupFile,
} from './control-group-findings.ts';
import { controlGroup, type Controller } from './control-groups.ts';
import type { Finding } from './finding.ts';
import { idMapFindings } from './id-map.ts';
import { mountFindings } from './mount-findings.ts';
import { parseMountTable, type MountEntry } from './mount-table.ts';
import { limitFindings } from './process-limits.ts';
import { statusFindings } from './process-status.ts';
import { resolveInRoot } from './resolve-in-root.ts';

/** Namespaces that every container has for itself. */
const OWN_NAMESPACES = ['pid', 'ipc', 'uts', 'mnt', 'net', 'cgroup'] as const;

const CONTROLLERS: readonly Controller[] = ['pids', 'memory', 'cpu', 'devices'];

/** Devices that every container has (OCI runtime specification, "Default Devices"). */
const USUAL_DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'].map(
  (name) => `/dev/${name}`,
);

/** What a program changes that becomes another user. */
const USER_FIELDS: readonly string[] = ['Uid', 'Gid', 'Groups'];

/** Where the files of the kernel are. */
export interface ConfinementOptions {
  /** Directory with `proc` and `sys`; `/` unless told. */
  readonly root?: string;
  /** Whether its program runs already, and may have done to itself what its capabilities let it do. */
  readonly started?: boolean;
}

/**
 * Reads back from the kernel how a process is confined, and refuses it when any of it is less than its container was to
 * have. Engines differ and change, and some ignore what they do not know; what counts is what the kernel says.
 *
 * With runc all of this is visible between the creation of a container and its start: by then its first process has its
 * final root directory and user, and waits to execute the image's program.
 *
 * @param pid - first process of the container
 * @param spec - the container
 * @param options - where the files are
 * @returns settings that this kernel does not show, such as the devices of control groups of version 2
 * @throws LauncherError ERR_LAUNCHER_HARDENING_MISSING naming the setting; ERR_LAUNCHER_START_FAILED when the process
 *   has ended
 */
export async function verifyConfinement(
  pid: number,
  spec: ContainerSpec,
  { root = '/', started = false }: ConfinementOptions = {},
): Promise<readonly string[]> {
  const subject = new Subject(pid, spec, root);
  const status = subject.read('status');
  const may = (capability: string): boolean => started && spec.capabilities.includes(capability);
  const changesUser = may('CAP_SETUID') || may('CAP_SETGID') || (started && !spec.noNewPrivileges);
  const findings = [...statusFindings(status, spec)];
  subject.refuse(findings.filter(({ field }) => !changesUser || !USER_FIELDS.includes(field)));
  if (!may('CAP_SYS_RESOURCE')) {
    subject.refuse(limitFindings(subject.read('limits'), spec.limits));
  }
  verifyNamespaces(subject);
  if (!may('CAP_SYS_ADMIN')) await verifyMounts(subject);
  return verifyControlGroups(subject);
}

function verifyNamespaces(subject: Subject): void {
  const { userNamespaceBase } = subject.spec;
  const shared = userNamespaceBase === undefined ? [] : (['user'] as const);
  for (const name of [...OWN_NAMESPACES, ...shared]) {
    const [own, theirs] = [subject.ownNamespace(name), subject.namespace(name)];
    if (own !== theirs) continue;
    subject.refuse([{ field: `${name} namespace`, expected: `another than ${own}`, seen: theirs }]);
  }
  if (userNamespaceBase === undefined) return;
  for (const map of ['uid_map', 'gid_map'] as const) {
    subject.refuse(idMapFindings(map, subject.read(map), userNamespaceBase));
  }
}

async function verifyMounts(subject: Subject): Promise<void> {
  const { spec, root } = subject;
  const containerRoot = join(root, 'proc', String(subject.pid), 'root');
  const mounts = await Promise.all(
    spec.mounts.map(async (mount) => ({
      ...mount,
      target: await resolveInRoot(containerRoot, mount.target),
    })),
  );
  const table = parseMountTable(subject.read('mountinfo'));
  const masked = spec.maskedPaths ? existing(MASKED_PATHS, root) : [];
  const readOnly = existing(READ_ONLY_PATHS, root);
  const { readOnlyRoot } = spec;
  // With a user namespace nobody makes nodes: those of the VM are mounted one by one.
  const own = spec.userNamespaceBase === undefined ? [] : USUAL_DEVICES;
  const devices = [...own, ...spec.devices.map(({ path }) => path)];
  subject.refuse(mountFindings(table, { readOnlyRoot, mounts, devices, masked, readOnly }));
}

async function verifyControlGroups(subject: Subject): Promise<readonly string[]> {
  const membership = subject.read('cgroup');
  const mounts = subject.ownMounts();
  const hidden: string[] = [];
  for (const controller of CONTROLLERS) {
    const group = controlGroup(controller, membership, mounts);
    if (group === undefined) {
      const seen = 'no mounted control group';
      subject.refuse([{ field: `${controller} controller`, expected: 'a control group', seen }]);
    } else if (group.version === 2 && controller === 'devices') {
      hidden.push('devices');
    } else {
      const file: ControlGroupFile = (name) =>
        Promise.resolve(subject.controlGroupFile(group.directory, name));
      subject.refuse([await groupFinding(controller, group.version, file, subject.spec)]);
    }
  }
  return hidden;
}

function groupFinding(
  controller: Controller,
  version: 1 | 2,
  file: ControlGroupFile,
  spec: ContainerSpec,
): Promise<Finding | undefined> {
  switch (controller) {
    case 'pids':
      return pidsFinding(file, spec);
    case 'memory':
      return memoryFinding(version, file, spec);
    case 'cpu':
      return cpuFinding(version, file, spec);
    case 'devices':
      return deviceFinding(file, spec);
  }
}

function existing(paths: readonly string[], root: string): readonly string[] {
  return paths.filter((path) => existsSync(join(root, path)));
}

/**
 * The process that is looked at. Its files are read at once, without leaving the thread: they are the kernel's and on no disk,
 * and waiting in turn for each of some forty takes longer than all of the reading.
 */
class Subject {
  readonly pid: number;
  readonly spec: ContainerSpec;
  readonly root: string;

  constructor(pid: number, spec: ContainerSpec, root: string) {
    this.pid = pid;
    this.spec = spec;
    this.root = root;
  }

  read(name: string): string {
    return this.#orGone(() => readFileSync(this.#path(name), 'utf8'), name);
  }

  namespace(name: string): string {
    return this.#orGone(() => readlinkSync(this.#path(`ns/${name}`)), `ns/${name}`);
  }

  ownNamespace(name: string): string {
    return readlinkSync(join(this.root, 'proc/self/ns', name));
  }

  ownMounts(): readonly MountEntry[] {
    return parseMountTable(readFileSync(join(this.root, 'proc/self/mountinfo'), 'utf8'));
  }

  /** `undefined` when there is no file of that name. */
  controlGroupFile(directory: string, name: string): string | undefined {
    try {
      return readFileSync(join(this.root, directory, name), 'utf8');
    } catch {
      return undefined;
    }
  }

  /** Throws the first of what differs. */
  refuse(findings: Iterable<Finding | undefined>): void {
    for (const finding of findings) {
      if (finding === undefined) continue;
      const { field, expected, seen } = finding;
      throw new LauncherError(
        'ERR_LAUNCHER_HARDENING_MISSING',
        `container ${this.spec.id} is not confined: ${field} is ${seen}, expected ${expected}`,
        { expected, seen },
      );
    }
  }

  #path(name: string): string {
    return join(this.root, 'proc', String(this.pid), name);
  }

  #orGone(read: () => string, name: string): string {
    try {
      return read();
    } catch (cause) {
      throw new LauncherError(
        'ERR_LAUNCHER_START_FAILED',
        `container ${this.spec.id} ended before it was started: ${name} of its process cannot be read`,
        { cause },
      );
    }
  }
}
