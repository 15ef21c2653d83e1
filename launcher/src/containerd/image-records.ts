// SPDX-License-Identifier: Apache-2.0
import { status } from '@grpc/grpc-js';
import type { VerifiedImage } from '../image/verified-image.ts';
import type { ContainerdClient } from './containerd-client.ts';
import { grpcStatus, ignoreMissing, undefinedIfMissing } from './containerd-error.ts';
import type { ImageRecord } from './messages.ts';
import { IMAGES, SNAPSHOTS } from './methods.ts';
import { imageName, imageSnapshotName, pinOf } from './snapshot-name.ts';

/** Boot of the VM in which an image was unpacked; from another one it is not trusted. */
const BOOT_LABEL = 'proofgate.boot';
/** The reference under which it was first asked for; for people. */
const REFERENCE_LABEL = 'proofgate.reference';

/** Where images are recorded. */
export interface ImageRecordsOptions {
  readonly client: ContainerdClient;
  readonly snapshotter: string;
  readonly bootId: string;
}

/**
 * The images that are ready to run, as records in containerd. A record keeps the snapshot alive that it names. The
 * compressed layers are not kept: the launcher has them, verified, in a place of its own.
 */
export class ImageRecords {
  readonly #client: ContainerdClient;
  readonly #snapshotter: string;
  readonly #bootId: string;

  constructor({ client, snapshotter, bootId }: ImageRecordsOptions) {
    this.#client = client;
    this.#snapshotter = snapshotter;
    this.#bootId = bootId;
  }

  /** Whether an image has been unpacked in this boot and still is there. */
  async isReady(image: VerifiedImage): Promise<boolean> {
    const key = imageSnapshotName(this.#bootId, image);
    const [record, snapshot] = await Promise.all([
      this.#client.call(IMAGES.get, { name: imageName(image.pin) }).catch(undefinedIfMissing),
      this.#client
        .call(SNAPSHOTS.stat, { snapshotter: this.#snapshotter, key })
        .catch(undefinedIfMissing),
    ]);
    const named = record?.image?.labels[this.#snapshotLabel()];
    return named === key && snapshot?.info?.kind === 'COMMITTED';
  }

  /** Records an image whose layers are unpacked. */
  async add(image: VerifiedImage): Promise<void> {
    const { mediaType, digest, size } = image.documents[0] ?? image.manifest;
    const record: ImageRecord = {
      name: imageName(image.pin),
      labels: {
        [BOOT_LABEL]: this.#bootId,
        [REFERENCE_LABEL]: image.reference,
        [this.#snapshotLabel()]: imageSnapshotName(this.#bootId, image),
      },
      target: { mediaType, digest, size },
    };
    try {
      await this.#client.call(IMAGES.create, { image: record });
    } catch (error) {
      if (grpcStatus(error) !== status.ALREADY_EXISTS) throw error;
      await this.#client.call(IMAGES.update, { image: record });
    }
  }

  /** Pins of the images that were recorded in this boot. */
  async pins(): Promise<readonly string[]> {
    const { images } = await this.#client.call(IMAGES.list, { filters: [] });
    return images
      .filter(({ labels }) => labels[BOOT_LABEL] === this.#bootId)
      .map(({ name }) => pinOf(name))
      .filter((pin) => pin !== undefined);
  }

  /** Forgets an image; its snapshots go with it unless another image or a container needs them. */
  async remove(pin: string): Promise<void> {
    await this.#client
      .call(IMAGES.delete, { name: imageName(pin), sync: true })
      .catch(ignoreMissing);
  }

  /** Forgets images from before this boot. */
  async removeStale(): Promise<void> {
    const { images } = await this.#client.call(IMAGES.list, { filters: [] });
    for (const { name, labels } of images) {
      if (labels[BOOT_LABEL] === this.#bootId) continue;
      await this.#client.call(IMAGES.delete, { name, sync: false }).catch(ignoreMissing);
    }
  }

  /** What containerd's collector takes for a reference from a record to a snapshot. */
  #snapshotLabel(): string {
    return `containerd.io/gc.ref.snapshot.${this.#snapshotter}`;
  }
}
