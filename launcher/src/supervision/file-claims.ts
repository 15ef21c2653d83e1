// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import { declareContainer, type ContainerConfig, type VmConfig } from '@proofgate/api';

/**
 * Which workloads the config file speaks for. Something else that is loaded in the place of one of them stays until it is
 * unloaded or the file says something new of that workload, over restarts as well.
 */
export class FileClaims {
  /** Containers of the file, as it is and as it was. */
  readonly #known: Set<ContainerConfig>;
  /** What the file said when something else was loaded in its place. */
  readonly #overruled: Map<string, ContainerConfig>;
  #file: VmConfig;

  /**
   * @param file - as it is now
   * @param overruled - as the launcher before this one left it
   */
  constructor(file: VmConfig, overruled: readonly ContainerConfig[]) {
    this.#file = file;
    this.#known = new Set(file.containers);
    this.#overruled = new Map(overruled.map((container) => [container.name, container]));
    this.#dropChanged();
  }

  /** Whether the file, as it is or was, declares exactly this. */
  declares(container: ContainerConfig): boolean {
    return this.#known.has(container);
  }

  /** Whether something else stands in the place of what the file says of this name. */
  isOverruled(name: string): boolean {
    return this.#overruled.has(name);
  }

  /** Something was loaded, and not because of the file. */
  overrule(name: string): void {
    const declared = this.#file.containers.find((container) => container.name === name);
    if (declared !== undefined) this.#overruled.set(name, declared);
  }

  /** Nothing stands in the place of what the file says of this name any more. */
  restore(name: string): void {
    this.#overruled.delete(name);
  }

  /**
   * A file that has changed.
   *
   * @returns its containers, without those in whose place something else stays
   */
  take(file: VmConfig): readonly ContainerConfig[] {
    this.#file = file;
    for (const container of file.containers) this.#known.add(container);
    this.#dropChanged();
    return file.containers.filter(({ name }) => !this.isOverruled(name));
  }

  /** What the file says where one of these stands in its place. */
  overruledBy(loaded: readonly ContainerConfig[]): readonly ContainerConfig[] {
    return loaded.flatMap((container) => {
      const declared = this.#overruled.get(container.name);
      return declared === undefined || this.declares(container) ? [] : [declared];
    });
  }

  #dropChanged(): void {
    const { containers, platform } = this.#file;
    for (const [name, before] of this.#overruled) {
      const now = containers.find((container) => container.name === name);
      const same =
        now !== undefined &&
        isDeepStrictEqual(declareContainer(now, platform), declareContainer(before, platform));
      if (!same) this.#overruled.delete(name);
    }
  }
}
