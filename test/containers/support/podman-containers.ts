// SPDX-License-Identifier: Apache-2.0
import type { ContainerEngine } from '../../../launcher/src/container/container-engine.ts';
import type { ContainerSpec } from '../../../launcher/src/container/container-spec.ts';
import type { VerifiedImage } from '../../../launcher/src/image/verified-image.ts';
import { memorySink, type MemorySink } from './memory-sink.ts';
import { podmanStage, type PodmanStage } from './private-podman.ts';
import { strictSpec } from './runc-bundle.ts';

/** A podman with busybox, and short ways to run it. */
export interface PodmanContainers {
  readonly stage: PodmanStage;
  readonly engine: ContainerEngine;
  readonly image: VerifiedImage;
  /** A container that runs a script of busybox's shell. */
  sh(script: string, fields?: Partial<ContainerSpec>): ContainerSpec;
  /** Creates and starts one. @returns what it prints */
  run(spec: ContainerSpec): Promise<MemorySink>;
  /** What a container prints until it ends. */
  outputOf(spec: ContainerSpec): Promise<string>;
}

/** Starts podman and loads the image; the stage is to be closed. */
export async function podmanContainers(): Promise<PodmanContainers> {
  const stage = await podmanStage();
  const { engine } = await stage.open();
  const image = await stage.image();
  const forever = new AbortController().signal;
  await engine.unpack(image, { signal: forever, onProgress: () => undefined });
  let count = 0;
  const run = async (spec: ContainerSpec): Promise<MemorySink> => {
    const logs = memorySink();
    await engine.create(spec, image, logs);
    await engine.start(spec.id);
    return logs;
  };
  return {
    ...{ stage, engine, image, run },
    sh: (script, fields = {}) => {
      count += 1;
      return strictSpec({ id: `c-${String(count)}`, args: ['/bin/sh', '-c', script], ...fields });
    },
    outputOf: async (spec) => {
      const logs = await run(spec);
      await engine.wait(spec.id, forever);
      await engine.remove(spec.id);
      return logs.text('stdout');
    },
  };
}
