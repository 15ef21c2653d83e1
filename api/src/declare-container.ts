// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig } from './container-config.ts';
import type { Milliseconds } from './duration.ts';
import { workloadHostname } from './hostnames.ts';
import type { PlatformNames } from './hostnames.ts';

/**
 * Writes a container as a config file would have it, so that `containerConfigSchema` reads the same back.
 *
 * @param names of the platform: a host name that follows from them is left out, and follows from them again later
 * @returns plain data for JSON
 */
export function declareContainer(
  container: ContainerConfig,
  names: PlatformNames,
): Readonly<Record<string, unknown>> {
  const { hostname, restart, stop_grace, user, ...rest } = container;
  const derived = hostname === workloadHostname(container.name, names);
  return {
    ...rest,
    ...(hostname === undefined || derived ? {} : { hostname }),
    ...(user === undefined ? {} : { user: `${String(user.uid)}:${String(user.gid)}` }),
    restart: {
      ...restart,
      initial_delay: milliseconds(restart.initial_delay),
      max_delay: milliseconds(restart.max_delay),
      reset_after: milliseconds(restart.reset_after),
    },
    stop_grace: milliseconds(stop_grace),
  };
}

function milliseconds(value: Milliseconds): string {
  return `${String(value)}ms`;
}
