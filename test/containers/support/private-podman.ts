// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@proofgate/daemon';
import type { ContainerEngine } from '../../../launcher/src/container/container-engine.ts';
import type { VerifiedImage } from '../../../launcher/src/image/verified-image.ts';
import {
  openPodman,
  type OpenedPodman,
  type OpenPodmanOptions,
} from '../../../launcher/src/podman/open-podman.ts';
import type { BuiltImage } from './oci-image.ts';
import { busyboxImage } from './oci-programs.ts';
import { verifiedImageOf } from './oci-verified.ts';

/** A podman that belongs to one test, with everything around it. */
export interface PodmanStage {
  readonly directory: string;
  readonly options: OpenPodmanOptions;
  /** An engine, the first of which starts podman's service; closed with the stage. */
  open(): Promise<OpenedPodman>;
  /** A verified image on disk, busybox unless told. */
  image(built?: BuiltImage): Promise<VerifiedImage>;
  /** Ends the containers, the engines and the service. */
  close(): Promise<void>;
}

/** The launcher of the test. */
export const OWNER = '0a1b2c3d';

/** Makes a stage; podman is started by {@link PodmanStage.open}. */
export async function podmanStage(fields: Partial<OpenPodmanOptions> = {}): Promise<PodmanStage> {
  const directory = await mkdtemp(join(tmpdir(), 'pg-podman-'));
  const runDir = await mkdtemp('/run/pg-');
  const opened: OpenedPodman[] = [];
  const options: OpenPodmanOptions = {
    owner: OWNER,
    dataDir: directory,
    runDir,
    cgroupParent: `/${process.env['PROOFGATE_TEST_CGROUP'] ?? 'proofgate-test'}/${OWNER}`,
    bootId: 'b'.repeat(32),
    logger: createLogger({ name: 'test', level: 'silent' }),
    ...fields,
  };
  return {
    directory,
    options,
    open: async () => {
      const podman = await openPodman(options);
      opened.push(podman);
      return podman;
    },
    image: async (built = busyboxImage()) => verifiedImageOf(built, join(directory, 'images')),
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
}

/** Living processes whose command line has this in it, in this process namespace. */
export async function processesWith(text: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const commandLine = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (commandLine.includes(text)) found.push(Number(name));
  }
  return found;
}

async function removeAll(engine: ContainerEngine): Promise<void> {
  for (const { id } of await engine.list()) await engine.remove(id);
}
