// SPDX-License-Identifier: Apache-2.0

/** How long a registry may take, and how often it is asked again. */
export interface RegistryTiming {
  /** From the request to the head of the answer: name lookup, connection, TLS and the registry's own work. */
  readonly headTimeoutMs: number;
  /** In every such period {@link RegistryTiming.minPeriodBytes} have to come, or the connection is given up. */
  readonly periodMs: number;
  readonly minPeriodBytes: number;
  /** First wait before another try; it doubles with each one. */
  readonly firstWaitMs: number;
  readonly maxWaitMs: number;
  /** Tries without a byte of progress before it is given up. */
  readonly tries: number;
}

/** For registries across the world. */
export const REGISTRY_TIMING: RegistryTiming = {
  // Registries that build an answer from cold storage take several seconds.
  headTimeoutMs: 30_000,
  // About 1 KiB a second: slower than any link that an image could be pulled over.
  periodMs: 30_000,
  minPeriodBytes: 32 * 1024,
  // Some 20 s in all: a restart of the registry is waited for, an outage is left to whoever asked for the image.
  firstWaitMs: 500,
  maxWaitMs: 10_000,
  tries: 6,
};
