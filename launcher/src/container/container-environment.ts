// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig } from '@proofgate/api';
import type { ImageConfig } from '../image/verified-image.ts';
import { processEnvironment } from '../process/process-spec.ts';

/** Where programs are looked for when the image does not say it, as in every engine. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The environment of a container: the image's, then what the workload declares, then `PORT` and `PROOFGATE_WORKLOAD`.
 * Of one name the last value counts.
 *
 * @param workload - the container
 * @param image - configuration of its image
 * @returns `NAME=value`
 * @throws LauncherError ERR_LAUNCHER_ENV_RESERVED when the workload declares one of the last two itself
 */
export function containerEnvironment(
  workload: ContainerConfig,
  image: ImageConfig,
): readonly string[] {
  const variables = new Map([['PATH', DEFAULT_PATH]]);
  for (const entry of image.env) {
    const at = entry.indexOf('=');
    // Without a name or a value it is no variable.
    if (at > 0) variables.set(entry.slice(0, at), entry.slice(at + 1));
  }
  for (const [name, value] of Object.entries(processEnvironment(workload))) {
    variables.set(name, value);
  }
  return [...variables].map(([name, value]) => `${name}=${value}`);
}
