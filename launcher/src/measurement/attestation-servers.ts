// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import type { VmConfig } from '@proofgate/api';

/** A list that was set in the place of the config file's. */
export interface OverruledServers {
  readonly inForce: readonly string[];
  /** What the config file said at that time. */
  readonly inFile: readonly string[];
}

/**
 * The servers that certificates name: those of the config file, or those that were set since. What was set stays over
 * restarts, until something else is set or the file says something new.
 */
export class AttestationServers {
  readonly #inFile: readonly string[];
  #inForce: readonly string[];

  /**
   * @param inFile - URLs as written
   * @param left - what the launcher before this one left
   */
  constructor(inFile: readonly string[], left: OverruledServers | undefined) {
    this.#inFile = inFile;
    this.#inForce = isDeepStrictEqual(left?.inFile, inFile) ? (left?.inForce ?? inFile) : inFile;
  }

  /** URLs as written. */
  get inForce(): readonly string[] {
    return this.#inForce;
  }

  /** The config with the list that is in force. */
  putInto(config: VmConfig): VmConfig {
    return { ...config, platform: { ...config.platform, attestation_servers: this.#inForce } };
  }

  /** What the next launcher has to know; `undefined` when the file says it already. */
  get overruled(): OverruledServers | undefined {
    if (isDeepStrictEqual(this.#inForce, this.#inFile)) return undefined;
    return { inForce: this.#inForce, inFile: this.#inFile };
  }

  /** Puts a list in force. */
  set(urls: readonly string[]): void {
    this.#inForce = urls;
  }
}
