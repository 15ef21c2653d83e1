// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '@proofgate/daemon';
import type { ContainerEngine, EngineKind } from '../container/container-engine.ts';
import type { ContainerPreparation } from '../container/container-preparation.ts';
import type { ContainerNetwork } from '../container/network/container-network.ts';
import type { ImageStore } from '../image/image-store.ts';
import type { RingLogs } from '../logs/ring-logs.ts';
import type { StorageVolumes } from './storage-volumes.ts';

/** What a container runtime consists of. */
export interface ContainerRuntimeParts {
  readonly engine: ContainerEngine;
  readonly store: ImageStore;
  readonly network: ContainerNetwork;
  readonly preparation: ContainerPreparation;
  readonly logs: RingLogs;
  readonly storage: StorageVolumes;
  /** Eight hex digits that tell this launcher from others on the machine. */
  readonly owner: string;
  /** Absolute path of the launcher's directory for what a reboot empties. */
  readonly runDir: string;
  /** Whether managers may run programs in containers. */
  readonly execAllowed: boolean;
  readonly logger: Logger;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Opens another engine for a moment, to end what an earlier launcher started in it. */
  readonly openOther: (kind: EngineKind) => Promise<{
    readonly engine: ContainerEngine;
    shutDown(): Promise<void>;
  }>;
}
