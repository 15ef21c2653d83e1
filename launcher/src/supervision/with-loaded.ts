// SPDX-License-Identifier: Apache-2.0
import { placeContainer, type ContainerConfig, type VmConfig } from '@proofgate/api';
import type { Logger } from '@proofgate/daemon';
import type { FileClaims } from './file-claims.ts';

/**
 * Adds to a config file what was loaded beside it or in the place of its workloads. What the file speaks for again, and
 * what does not fit any more, is left out and reported.
 *
 * @param config - the file
 * @param loaded - in the order in which it was loaded
 * @param claims - of this file; is told what it need not give way to
 */
export function withLoaded(
  config: VmConfig,
  loaded: readonly ContainerConfig[],
  claims: FileClaims,
  logger: Logger,
): VmConfig {
  let file = config;
  for (const workload of loaded) {
    const { name } = workload;
    const inFile = config.containers.some((other) => other.name === name);
    if (inFile && !claims.isOverruled(name)) {
      logger.warn({ workload: name }, 'the config file has a workload of this name: that one runs');
      continue;
    }
    const { container, problems } = placeContainer(file, workload);
    if (problems.length > 0) {
      logger.error(
        { workload: name, problems },
        'a workload that was loaded does not fit any more',
      );
      claims.restore(name);
      continue;
    }
    const containers = inFile
      ? file.containers.map((other) => (other.name === name ? container : other))
      : [...file.containers, container];
    file = { ...file, containers };
  }
  return file;
}
