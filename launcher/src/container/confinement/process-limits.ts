// SPDX-License-Identifier: Apache-2.0
import type { ContainerLimits } from '../container-spec.ts';
import type { Finding } from './finding.ts';

/**
 * Compares the resource limits of a process with what its container was to have.
 *
 * @param text - content of `/proc/pid/limits`
 * @param limits - the container's
 * @returns what differs
 */
export function* limitFindings(text: string, limits: ContainerLimits): Generator<Finding> {
  yield* above(text, 'Max open files', limits.nofile);
  yield* above(text, 'Max core file size', 0);
}

/** The soft limit is never above the hard one. */
function* above(text: string, field: string, most: number): Generator<Finding> {
  const seen = new RegExp(`^${field} +\\S+ +(\\S+)`, 'm').exec(text)?.[1] ?? 'absent';
  if (!/^\d+$/.test(seen) || Number(seen) > most) {
    yield { field, expected: `at most ${String(most)}`, seen };
  }
}
