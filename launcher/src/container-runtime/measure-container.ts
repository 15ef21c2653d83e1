// SPDX-License-Identifier: Apache-2.0
import { parseImageReference, type ContainerConfig } from '@proofgate/api';
import { containerSpecDigest } from '../container/container-spec-digest.ts';
import type { MeasuredWorkload } from '../measurement/measured-workload.ts';

/**
 * Measures a container, offline: its pin and what it declares determine everything.
 *
 * @param workload - a workload with `runtime: container`
 * @param execAllowed - `platform.containers.exec`
 * @returns its digests
 * @throws LauncherError ERR_LAUNCHER_SETTING_UNSUPPORTED or ERR_LAUNCHER_ENV_RESERVED when it cannot be run as it is
 *   declared; ApiError ERR_API_IMAGE_REFERENCE
 */
export function measureContainer(
  workload: ContainerConfig,
  execAllowed: boolean,
): MeasuredWorkload {
  const { text, digest } = parseImageReference(workload.image ?? '');
  return {
    config: workload,
    imageRef: text,
    imageDigest: digest,
    specDigest: containerSpecDigest(workload, execAllowed),
  };
}
