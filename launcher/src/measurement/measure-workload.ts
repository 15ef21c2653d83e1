// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig } from '@proofgate/api';
import type { MeasuredWorkload } from './measured-workload.ts';
import { measureContainer } from '../container-runtime/measure-container.ts';
import { checkClientPolicy } from './client-rules.ts';
import { measureProcess } from '../process/process-runtime.ts';

/**
 * Measures a workload, without fetching or starting anything.
 *
 * @param workload - the workload
 * @param execAllowed - `platform.containers.exec`
 * @returns its digests
 * @throws LauncherError ERR_LAUNCHER_CLIENT_POLICY; what {@link measureContainer} and {@link measureProcess} throw
 */
export async function measureWorkload(
  workload: ContainerConfig,
  execAllowed: boolean,
): Promise<MeasuredWorkload> {
  checkClientPolicy(workload);
  return workload.runtime === 'process'
    ? measureProcess(workload)
    : measureContainer(workload, execAllowed);
}
