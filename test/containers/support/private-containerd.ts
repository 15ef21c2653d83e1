// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createLogger } from '@proofgate/daemon';
import { expect, vi } from 'vitest';
import type { ContainerEngine } from '../../../launcher/src/container/container-engine.ts';
import {
  openContainerd,
  type OpenContainerdOptions,
  type OpenedContainerd,
} from '../../../launcher/src/containerd/open-containerd.ts';
import type { VerifiedImage } from '../../../launcher/src/image/verified-image.ts';
import type { BuiltImage } from './oci-image.ts';
import { busyboxImage } from './oci-programs.ts';
import { verifiedImageOf } from './oci-verified.ts';

/** A containerd that belongs to one test, with everything around it. */
export interface ContainerdStage {
  readonly directory: string;
  readonly options: OpenContainerdOptions;
  /** An engine, the first of which starts containerd; closed with the stage. */
  open(fields?: Partial<OpenContainerdOptions>): Promise<OpenedContainerd>;
  /** A verified image on disk, busybox unless told. */
  image(built?: BuiltImage): Promise<VerifiedImage>;
  /** Runs `ctr` against it, in the engine's namespace. */
  ctr(...args: readonly string[]): Promise<string>;
  /** Process ids of programs with this in their command line, containerd's own among them. */
  processes(text: string): Promise<readonly number[]>;
  /** Fails when containerd, the kernel or the disk have anything of a container. */
  expectNothingLeft(): Promise<void>;
  /** Ends the containers, the engines and containerd. */
  close(): Promise<void>;
}

const OWNER = '0a1b2c3d';

const run = promisify(execFile);

/** Makes a stage; containerd is started by {@link ContainerdStage.open}. */
export async function containerdStage(
  fields: Partial<OpenContainerdOptions> = {},
): Promise<ContainerdStage> {
  const directory = await mkdtemp(join(tmpdir(), 'pg-ctd-'));
  const runDir = await mkdtemp('/run/pg-');
  // A container with a user namespace passes through as somebody else.
  await chmod(runDir, 0o711);
  const opened: OpenedContainerd[] = [];
  const options: OpenContainerdOptions = {
    owner: OWNER,
    dataDir: join(directory, 'data'),
    runDir,
    usualSocket: join(directory, 'none.sock'),
    cgroupParent: `/${process.env['PROOFGATE_TEST_CGROUP'] ?? 'proofgate-test'}/${OWNER}`,
    bootId: 'b'.repeat(32),
    logger: createLogger({ name: 'test', level: 'silent' }),
    ...fields,
  };
  const socket = join(runDir, 'containerd/containerd.sock');
  const stage: ContainerdStage = {
    directory,
    options,
    open: async (changed = {}) => {
      const containerd = await openContainerd({ ...options, ...changed });
      opened.push(containerd);
      return containerd;
    },
    image: async (built = busyboxImage()) => verifiedImageOf(built, join(directory, 'images')),
    ctr: async (...args) => {
      const { stdout } = await run('ctr', ['-a', socket, '-n', `proofgate-${OWNER}`, ...args]);
      return stdout;
    },
    processes: async (text) => {
      const { stdout } = await run('ps', ['-ww', '-eo', 'pid=,args=']);
      // What has ended is listed until its parent, here the test, has looked.
      const lines = stdout
        .split('\n')
        .filter((line) => line.includes(text) && !line.includes('<defunct>'));
      return lines.map((line) => Number.parseInt(line, 10));
    },
    expectNothingLeft: async () => {
      // A shim ends a moment after its task has been forgotten.
      await vi.waitFor(
        async () => {
          expect(await leftovers(stage)).toEqual(NOTHING_LEFT);
        },
        { timeout: 5_000, interval: 50 },
      );
    },
    close: async () => {
      const last = opened.pop();
      for (const { engine } of opened) await engine.close();
      if (last !== undefined) {
        await removeAll(last.engine);
        await last.shutDown();
      }
      await rm(directory, { recursive: true, force: true });
      await rm(runDir, { recursive: true, force: true });
    },
  };
  return stage;
}

const NOTHING_LEFT = {
  containers: '',
  tasks: '',
  snapshots: null,
  leases: '',
  content: '',
  mounts: [],
  shims: [],
  pipes: [],
  runc: [],
  bundles: [],
  groups: [],
};

/** What containerd, the kernel and the disk have of containers. */
async function leftovers({ options, ctr, processes }: ContainerdStage): Promise<object> {
  const { runDir, cgroupParent, owner } = options;
  const mounts = await readFile('/proc/mounts', 'utf8');
  const list = (path: string): Promise<readonly string[]> => readdir(path).catch(() => []);
  const groups = await readdir(`/sys/fs/cgroup/pids${cgroupParent}`, { withFileTypes: true });
  return {
    containers: await ctr('containers', 'ls', '-q'),
    tasks: await ctr('tasks', 'ls', '-q'),
    snapshots: (await ctr('snapshots', 'ls')).match(/\bActive\b/g),
    leases: await ctr('leases', 'ls', '-q'),
    content: await ctr('content', 'ls', '-q'),
    mounts: mounts.split('\n').filter((line) => line.includes(runDir)),
    shims: await processes('containerd-shim'),
    pipes: await list(`${runDir}/containerd/io`),
    runc: await list(`${runDir}/containerd/runc/proofgate-${owner}`),
    bundles: await list(
      `${runDir}/containerd/state/io.containerd.runtime.v2.task/proofgate-${owner}`,
    ),
    groups: groups.filter((entry) => entry.isDirectory()).map(({ name }) => name),
  };
}

async function removeAll(engine: ContainerEngine): Promise<void> {
  for (const { id } of await engine.list()) await engine.remove(id);
}
