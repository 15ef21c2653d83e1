// SPDX-License-Identifier: Apache-2.0

/** A name in `depends_on` that cannot be meant, and where it stands. */
export interface DependencyProblem {
  /** Index of the container. */
  readonly container: number;
  /** Index in its `depends_on`. */
  readonly item: number;
  readonly message: string;
}

/** A container as far as the order of starts is concerned. */
export interface Dependent {
  readonly name: string;
  readonly dependsOn: readonly string[];
}

/**
 * Finds what keeps containers from ever being started: names that no container has, and circles.
 *
 * @param containers in the order of the file
 */
export function* dependencyProblems(
  containers: readonly Dependent[],
): Generator<DependencyProblem> {
  const byName = new Map(containers.map((container) => [container.name, container]));
  for (const [container, { name, dependsOn }] of containers.entries()) {
    for (const [item, needed] of dependsOn.entries()) {
      if (!byName.has(needed)) {
        yield { container, item, message: `there is no container ${needed}` };
        continue;
      }
      const way = wayBack(byName, needed, name);
      if (way !== undefined) {
        const circle = [name, ...way].join(', ');
        yield { container, item, message: `each waits for the next, none can start: ${circle}` };
      }
    }
  }
}

/** The shortest way from one container to another along `depends_on`, both included. */
function wayBack(
  byName: ReadonlyMap<string, Dependent>,
  from: string,
  to: string,
): readonly string[] | undefined {
  const seen = new Set([from]);
  const ways: (readonly string[])[] = [[from]];
  // Grows while it is gone through: the ways of one length come before the longer ones.
  for (const way of ways) {
    const last = way.at(-1) ?? from;
    if (last === to) return way;
    const next = (byName.get(last)?.dependsOn ?? []).filter((name) => !seen.has(name));
    for (const name of next) seen.add(name);
    ways.push(...next.map((name) => [...way, name]));
  }
  return undefined;
}
