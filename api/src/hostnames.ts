// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig } from './container-config.ts';
import type { PlatformConfig } from './platform-config.ts';

/** What the names of a machine's hosts are made of. */
export type PlatformNames = Pick<PlatformConfig, 'hostname' | 'machine_name'>;

/** Label of the host that serves the management API. */
export const MANAGER_LABEL = 'manager';

/**
 * The name that a workload without a `hostname` of its own is reached under: `<name>.<machine>.<hostname>`,
 * without the machine's label where the file names no machine.
 *
 * @returns the name, or `undefined` when the platform has no `hostname`
 */
export function workloadHostname(name: string, platform: PlatformNames): string | undefined {
  if (platform.hostname === undefined) return undefined;
  const labels = [name, platform.machine_name, platform.hostname];
  return labels.filter((label) => label !== undefined).join('.');
}

/** The name of the management API's host: `manager.<machine>.<hostname>`, or `undefined` without a `hostname`. */
export function managerHostname(platform: PlatformNames): string | undefined {
  return workloadHostname(MANAGER_LABEL, platform);
}

/**
 * Gives a container the host name that it would have in the file.
 *
 * @returns the container; unchanged when it is internal, has a name of its own, or the platform has none
 */
export function withHostname(container: ContainerConfig, platform: PlatformNames): ContainerConfig {
  if (container.internal || container.hostname !== undefined) return container;
  const hostname = workloadHostname(container.name, platform);
  return hostname === undefined ? container : { ...container, hostname };
}
