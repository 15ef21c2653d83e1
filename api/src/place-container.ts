// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig } from './container-config.ts';
import { withHostname } from './hostnames.ts';
import type { VmConfig } from './vm-config.ts';
import { wholeFileProblems } from './vm-config-rules.ts';

/** A container beside those that are there already. */
export interface PlacedContainer {
  /** With its host name. */
  readonly container: ContainerConfig;
  /** What speaks against it, field first; empty when nothing does. */
  readonly problems: readonly string[];
}

/**
 * Checks a container that is not in the file against everything that is there: names, hosts and ports that must be
 * unique, what it depends on, and what depends on it.
 *
 * @param file the file with all other containers that are loaded; one of the same name is replaced
 */
export function placeContainer(file: VmConfig, container: ContainerConfig): PlacedContainer {
  const others = file.containers.filter(({ name }) => name !== container.name);
  // The last place: where two claim the same, the one that came later is the problem.
  const containers = [...others, container];
  const problems = [...wholeFileProblems({ ...file, containers })].map(({ path, message }) => {
    const [list, index, ...field] = path;
    const owner = typeof index === 'number' ? containers[index]?.name : undefined;
    if (list !== 'containers' || owner === undefined) return `${path.join('.')}: ${message}`;
    const text = [...(owner === container.name ? [] : [owner]), ...field].join('.');
    return text === '' ? message : `${text}: ${message}`;
  });
  return { container: withHostname(container, file.platform), problems };
}
