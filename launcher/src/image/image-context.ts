// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '@proofgate/daemon';
import type { ImageLimits } from './image-limits.ts';
import type { ImageSources } from './image-sources.ts';
import type { LayerFacts } from './layer/layer-check.ts';
import type { RegistryTiming } from './registry/registry-timing.ts';
import type { SharedWork } from './shared-work.ts';
import type { BlobHolds } from './store/blob-holds.ts';
import type { BlobStore } from './store/blob-store.ts';

/** What the operations of an image store share. */
export interface ImageContext {
  readonly blobs: BlobStore;
  readonly holds: BlobHolds;
  /** By digest; progress is in bytes. */
  readonly downloads: SharedWork<LayerFacts, number>;
  readonly sources: ImageSources;
  readonly limits: ImageLimits;
  /** Of this machine, as images name it. */
  readonly architecture: string;
  readonly timing: RegistryTiming;
  readonly random: () => number;
  readonly clock: () => Date;
  readonly logger: Logger;
}
