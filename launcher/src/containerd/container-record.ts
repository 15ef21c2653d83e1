// SPDX-License-Identifier: Apache-2.0
import type { ContainerSpec } from '../container/container-spec.ts';
import type { VerifiedImage } from '../image/verified-image.ts';
import type { ContainerRecord } from './messages.ts';
import { RUNC_OPTIONS } from './methods.ts';
import { packSpec } from './runtime-document.ts';
import { imageName } from './snapshot-name.ts';

/** How containers are run on this machine. */
export interface RecordOptions {
  readonly snapshotter: string;
  readonly runc: {
    /** Path of the program. */
    readonly program: string;
    /** Directory for its state, ours alone. */
    readonly root: string;
  };
  /** Writes a container down for the OCI runtime. */
  readonly runtimeSpec: (
    spec: ContainerSpec,
    placement: { readonly cgroupsPath: string },
  ) => object;
}

/** Name of the shim for runc, in every containerd since 1.3. */
const RUNTIME = 'io.containerd.runc.v2';

/**
 * What containerd is told of a container.
 *
 * @param spec - the container
 * @param image - its image
 * @param cgroupsPath - its control group
 */
export function containerRecord(
  spec: ContainerSpec,
  image: VerifiedImage,
  cgroupsPath: string,
  { snapshotter, runc, runtimeSpec }: RecordOptions,
): ContainerRecord {
  const base = spec.userNamespaceBase ?? 0;
  const options = RUNC_OPTIONS.encode({
    binaryName: runc.program,
    root: runc.root,
    // Whom the pipes behind stdout and stderr belong to, so that a program may open them again.
    ioUid: base + spec.uid,
    ioGid: base + spec.gid,
  });
  return {
    id: spec.id,
    labels: spec.labels,
    image: imageName(image.pin),
    runtime: {
      name: RUNTIME,
      options: { typeUrl: 'containerd.runc.v1.Options', value: options },
    },
    spec: packSpec(runtimeSpec(spec, { cgroupsPath })),
    snapshotter,
    snapshotKey: spec.id,
  };
}
