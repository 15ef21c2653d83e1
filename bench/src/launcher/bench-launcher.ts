// SPDX-License-Identifier: Apache-2.0
import { setMaxListeners } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTarget, type TargetProcess } from '../processes/target-process.ts';
import { thisMachine, type BenchReport } from '../report/bench-report.ts';
import { createBenchPki } from '../targets/bench-pki.ts';
import { CtrContender } from './ctr-contender.ts';
import { startImageRegistry } from './image-registry.ts';
import { launcherCases, type LauncherPace } from './launcher-cases.ts';
import { makeImage } from './oci-image.ts';
import { OurLauncher } from './our-launcher.ts';
import { PodmanContender } from './podman-contender.ts';
import { SERVER_RUN, SERVER_UID, serverLayer } from './server-image.ts';

/** How to run the benchmark. */
export interface BenchLauncherOptions {
  readonly pace: LauncherPace;
  /** Folder of the built programs, `bench/dist/`. */
  readonly programs: URL;
  /** Control group below which everything is: whoever made it removes it. */
  readonly cgroup: string;
  readonly onProgress: (message: string) => void;
  /** Ends the benchmark after what is under way, with everything stopped and removed. */
  readonly signal: AbortSignal;
}

/** Nobody is served in this benchmark. */
const HOSTNAME = 'bench.localhost';

const ENGINES = ['containerd', 'podman'] as const;

/** A launcher may have twenty containers to end when the benchmark is broken off. */
const STOP_MS = 60_000;

/**
 * Measures how fast our launcher starts containers and gets images, on both engines, beside `ctr` and `podman` with the
 * same images in the same run. Needs root, both engines, and namespaces of its own (tools/bench-launcher.mjs).
 */
export async function benchLauncher(options: BenchLauncherOptions): Promise<BenchReport> {
  const { pace, signal, onProgress } = options;
  // Each container that is being started listens to it.
  setMaxListeners(0, signal);
  const directory = await mkdtemp(join(tmpdir(), 'proofgate-bench-'));
  const runDir = await mkdtemp('/run/pg-bench-');
  const running: TargetProcess[] = [];
  const registry = await startImageRegistry();
  try {
    for (const path of [directory, runDir]) await chmod(path, 0o711);
    const image = registry.add('bench/server', await makeImage([await serverLayer()], SERVER_RUN));
    const place = { directory, runDir, image, running };
    const ours = await startLaunchers(options, place);
    const peers = await preparePeers(options, place);
    const cases = await launcherCases({ ours, ...peers, registry, pace, signal, onProgress });
    return { name: 'launcher', machine: thisMachine(false), cases };
  } finally {
    for (const target of running.reverse()) await target.stop();
    await registry.close();
    await rm(directory, { recursive: true, force: true });
    await rm(runDir, { recursive: true, force: true });
  }
}

/** Where a benchmark keeps its files, and what it has started. */
interface Place {
  readonly directory: string;
  readonly runDir: string;
  /** The server's. */
  readonly image: string;
  readonly running: TargetProcess[];
}

/** Both run at a time, and only one of them is asked for something. */
async function startLaunchers(
  { programs, cgroup, signal, onProgress }: BenchLauncherOptions,
  { directory, runDir, image, running }: Place,
): Promise<readonly OurLauncher[]> {
  const program = (path: string): string => fileURLToPath(new URL(path, programs));
  const { intermediary } = await createBenchPki([HOSTNAME], new Date());
  const launchers: OurLauncher[] = [];
  for (const engine of ENGINES) {
    onProgress(`starting the launcher with ${engine}`);
    const own = { dataDir: join(directory, engine), runDir: join(runDir, engine) };
    const start = async (name: string, path: string, settings: object): Promise<void> => {
      running.push(
        await startTarget({
          name,
          program: program(path),
          settings,
          cpu: undefined,
          stopMs: STOP_MS,
        }),
      );
    };
    // Each with a platform of its own: the register proves one launcher's log.
    await start('simulated platform', 'targets/simulator-main.js', { runDir: own.runDir });
    const cgroupParent = `${cgroup}/${engine}`;
    const settings = { engine, ...own, ...intermediary, cgroupParent };
    await start(`launcher with ${engine}`, 'targets/launcher-main.js', settings);
    const launcher = new OurLauncher({ engine, ...own, image });
    await launcher.prepare(signal);
    launchers.push(launcher);
  }
  return launchers;
}

async function preparePeers(
  { cgroup, onProgress }: BenchLauncherOptions,
  { directory, runDir, image }: Place,
): Promise<{ readonly ctr: CtrContender; readonly podman: PodmanContender }> {
  onProgress('preparing ctr and podman');
  const sockets = join(directory, 'sockets');
  await mkdir(sockets, { mode: 0o700 });
  await chown(sockets, SERVER_UID, SERVER_UID);
  const shared = { cgroupParent: `${cgroup}/peers`, image, sockets };
  const containerd = join(runDir, 'containerd', 'containerd', 'containerd.sock');
  const ctr = new CtrContender({ containerd, ...shared });
  await ctr.prepare();
  const podman = await PodmanContender.prepare({
    directory: join(directory, 'podman-run'),
    runDir: join(runDir, 'podman-run'),
    ...shared,
  });
  return { ctr, podman };
}
