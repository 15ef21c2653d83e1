// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig, RuntimeChoice } from '@proofgate/api';
import { LauncherError } from '../errors.ts';
import type { MeasuredWorkload } from './measured-workload.ts';
import { measureProcess } from '../process/process-runtime.ts';

/**
 * Measures a workload with the runtime that it asks for.
 *
 * @param workload - the workload
 * @param choice - `platform.runtime` of the config file
 * @returns its digests
 * @throws LauncherError ERR_LAUNCHER_RUNTIME_UNAVAILABLE when it is a container; what {@link measureProcess} throws
 */
export function measureWorkload(
  workload: ContainerConfig,
  choice: RuntimeChoice,
): Promise<MeasuredWorkload> {
  if (workload.runtime === 'process') return measureProcess(workload);
  const engines = choice === 'auto' ? 'containerd or podman' : choice;
  throw new LauncherError(
    'ERR_LAUNCHER_RUNTIME_UNAVAILABLE',
    `${workload.name} is a container, and this version of the launcher runs plain processes only`,
    {
      expected: 'runtime: process with a command',
      seen: `image ${workload.image ?? ''}, to be run by ${engines}`,
      hint: 'run a program of the VM image with "runtime: process", or start the container yourself and add a route to it',
    },
  );
}
