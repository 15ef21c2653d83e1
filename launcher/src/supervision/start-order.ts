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

/**
 * Puts workloads into an order in which each comes after those that it depends on.
 *
 * @param workloads - with what each depends on; without circles
 * @returns their names
 */
export function startOrder(
  workloads: readonly Pick<ContainerConfig, 'name' | 'depends_on'>[],
): readonly string[] {
  const byName = new Map(workloads.map((workload) => [workload.name, workload]));
  const order = new Set<string>();
  const visit = (name: string): void => {
    const workload = byName.get(name);
    if (workload === undefined || order.has(name)) return;
    // Not asked for again while it is being placed: a circle would otherwise never end.
    byName.delete(name);
    for (const needed of workload.depends_on) visit(needed);
    order.add(name);
  };
  for (const { name } of workloads) visit(name);
  return [...order];
}
