// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '@proofgate/daemon';
import { pause } from './supervision/pause.ts';
import type { Runtime } from './supervision/runtime.ts';

/** What images are removed with. */
export interface NeededImagesOptions {
  readonly runtime: Pick<Runtime, 'collectGarbage'>;
  readonly logger: Logger;
  /** Nothing is removed any more. */
  readonly signal: AbortSignal;
  /** References of the images of everything that is here. */
  readonly present: () => readonly string[];
}

/** Images of a workload that are kept: the present one, and the one before it for a quick way back. */
const KEPT_IMAGES = 2;

/** Time between the end of something and the search for what it needed: a replacement ends several things. */
const GARBAGE_DELAY_MS = 1_000;

/** Knows which images are kept, and has the others removed. */
export class NeededImages {
  readonly #options: NeededImagesOptions;
  readonly #kept: Map<string, readonly string[]>;
  #collecting: Promise<void> | undefined;

  /** @param kept - references by workload, the latest first */
  constructor(kept: ReadonlyMap<string, readonly string[]>, options: NeededImagesOptions) {
    this.#kept = new Map(kept);
    this.#options = options;
  }

  /** References by workload, the latest first. */
  get byWorkload(): ReadonlyMap<string, readonly string[]> {
    return this.#kept;
  }

  /** A workload has this image now. */
  note(workload: string, image: string): void {
    const known = this.#kept.get(workload) ?? [];
    const kept = [image, ...known.filter((other) => other !== image)].slice(0, KEPT_IMAGES);
    this.#kept.set(workload, kept);
  }

  /** A workload is gone, and with it what was kept for it. */
  forget(workload: string): void {
    this.#kept.delete(workload);
  }

  /** Something has ended: removes what nothing needs any more. */
  collectSoon(): void {
    const { signal } = this.#options;
    this.#collecting ??= pause(GARBAGE_DELAY_MS, signal).then(async () => {
      this.#collecting = undefined;
      if (!signal.aborted) await this.#collect();
    });
  }

  /** When nothing is about to be removed. */
  async settled(): Promise<void> {
    await this.#collecting;
  }

  async #collect(): Promise<void> {
    const { runtime, logger, present } = this.#options;
    const needed = new Set([...present(), ...[...this.#kept.values()].flat()]);
    await runtime.collectGarbage(needed).catch((error: unknown) => {
      logger.warn({ err: error }, 'what is not needed any more could not be removed');
    });
  }
}
