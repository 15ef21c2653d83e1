// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { readdir, readFile, readlink, rm, rmdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { waitFor } from '@proofgate/daemon';
import { findOwnProcesses, signalProcess, type OwnProcess } from './own-processes.ts';

/**
 * How long killed shims and runtimes may take to be gone: the kernel does it at once, but one that was just starting
 * may have started another.
 */
const GONE_TIMEOUT_MS = 5_000;

/** Program that containerd starts for each container; it outlives containerd. */
const SHIM = 'containerd-shim-runc-v2';

/** Which shims are meant, and what they use. */
export interface ShimOwner {
  readonly namespace: string;
  readonly runc: {
    /** Path of the program. */
    readonly program: string;
    /** Directory for its state. */
    readonly root: string;
  };
  /** Control group of which every container's is a child. */
  readonly cgroupParent: string;
}

const CGROUP_ROOT = '/sys/fs/cgroup';

const run = promisify(execFile);

/**
 * Ends what runs for a container that containerd does not know as a task. When it is killed while it creates one, its
 * shim goes on starting, and the next containerd does not find it, or finds it and forgets it.
 */
export async function endStrayShim(owner: ShimOwner, id: string): Promise<void> {
  const bundles = new Set<string>();
  const gone = async (): Promise<boolean> => {
    const strays = await findStrays(owner, id);
    for (const { pid, argv } of strays) {
      // A shim's working directory is that of its container.
      const directory = await readlink(`/proc/${String(pid)}/cwd`).catch(() => '');
      if (isShim(argv) && basename(directory) === id) bundles.add(directory);
      signalProcess(pid, 'SIGKILL');
    }
    return strays.length === 0;
  };
  await waitFor(gone, { timeoutMs: GONE_TIMEOUT_MS, what: `the end of the shim of ${id}` });
  await deleteRuncState(owner, id);
  for (const bundle of bundles) await removeBundle(bundle);
  // Left over by a runtime that was interrupted; otherwise it is gone by now.
  await removeControlGroup(join(owner.cgroupParent, id));
}

/** Shims of the container, and runtimes that work for them. */
function findStrays({ namespace, runc }: ShimOwner, id: string): Promise<readonly OwnProcess[]> {
  const root = join(runc.root, namespace);
  return findOwnProcesses((argv) =>
    isShim(argv)
      ? has(argv, '-namespace', namespace) && has(argv, '-id', id)
      : has(argv, '--root', root) && argv.at(-1) === id,
  );
}

/** Ends the process that runc has made, if it had come that far, and removes its control group. */
async function deleteRuncState({ namespace, runc }: ShimOwner, id: string): Promise<void> {
  const root = join(runc.root, namespace);
  const state = join(root, id);
  if ((await stat(state).catch(() => undefined)) === undefined) return;
  // It refuses when it was interrupted before it had written anything down; nothing was started then.
  await run(runc.program, ['--root', root, 'delete', '--force', id]).catch(() => undefined);
  await rm(state, { recursive: true, force: true });
}

async function removeBundle(bundle: string): Promise<void> {
  const address = await readFile(join(bundle, 'address'), 'utf8').catch(() => '');
  if (address.startsWith('unix:///')) await rm(address.slice('unix://'.length), { force: true });
  const rootfs = join(bundle, 'rootfs');
  // Not mounted, as a rule. What is mounted must not be removed with the directory.
  await run('umount', [rootfs]).catch(() => undefined);
  const empty = await rmdir(rootfs).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
  if (empty) await rm(bundle, { recursive: true, force: true });
}

/** In version 2 there is one tree of control groups, in version 1 one for each controller. */
async function removeControlGroup(path: string): Promise<void> {
  const names = await readdir(CGROUP_ROOT, { withFileTypes: true }).catch(() => []);
  const trees = names.filter((name) => name.isDirectory()).map(({ name }) => name);
  for (const tree of ['', ...trees]) {
    await rmdir(join(CGROUP_ROOT, tree, path)).catch(() => undefined);
  }
}

function isShim(argv: readonly string[]): boolean {
  return basename(argv[0] ?? '') === SHIM;
}

function has(argv: readonly string[], name: string, value: string): boolean {
  return argv.some((argument, at) => argument === name && argv[at + 1] === value);
}
