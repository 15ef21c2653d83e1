// SPDX-License-Identifier: Apache-2.0
import { isRejection } from '../errors.ts';
import type { Check } from '../policy/decision.ts';
import { present } from '../present.ts';
import { hinted } from '../refusal-hints.ts';

/** Keeps what was checked, in order, so that a person can follow how a verdict came about. */
export class CheckRecorder {
  readonly #checks: Check[] = [];

  get checks(): readonly Check[] {
    return [...this.#checks];
  }

  add(...checks: readonly Check[]): void {
    this.#checks.push(...checks);
  }

  skipped(name: string, seen: string): void {
    this.#checks.push({ name, result: 'skipped', seen });
  }

  /**
   * Runs one step and records how it ended.
   *
   * @param describe says what was found, when the step passes
   * @throws what the step throws
   */
  async step<Result>(
    name: string,
    work: () => Result | Promise<Result>,
    describe: (result: Result) => string,
  ): Promise<Result> {
    try {
      const result = await hinted(work);
      this.#checks.push({ name, result: 'passed', seen: describe(result) });
      return result;
    } catch (error) {
      if (isRejection(error)) {
        const { expected, hint } = error;
        const seen = error.seen ?? error.message;
        this.#checks.push({ name, result: 'refused', seen, ...present({ expected, hint }) });
      }
      throw error;
    }
  }
}
