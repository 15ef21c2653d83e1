// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig } from '@proofgate/api';

/** A workload of the config file and the digests that say what exactly it is, in lower-case hex. */
export interface MeasuredWorkload {
  readonly config: ContainerConfig;
  readonly imageRef: string;
  /** SHA-256 of what is executed. */
  readonly imageDigest: string;
  /** SHA-256 over the canonical JSON of everything that the runtime is told about it. */
  readonly specDigest: string;
}
