// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig } from '@proofgate/api';

/**
 * Turns "depends on" around.
 *
 * @param workloads - with what each depends on
 * @returns for each name, the workloads that depend on it
 */
export function dependents(
  workloads: readonly Pick<ContainerConfig, 'name' | 'depends_on'>[],
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { name, depends_on } of workloads) {
    for (const needed of depends_on) found.set(needed, [...(found.get(needed) ?? []), name]);
  }
  return found;
}
