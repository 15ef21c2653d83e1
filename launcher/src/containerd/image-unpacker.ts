// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { status } from '@grpc/grpc-js';
import { LauncherError } from '../errors.ts';
import type { VerifiedLayer } from '../image/verified-image.ts';
import type { ContainerdClient } from './containerd-client.ts';
import { grpcStatus, undefinedIfMissing } from './containerd-error.ts';
import { writeContent } from './content-writer.ts';
import { APPLY, LEASES, SNAPSHOTS } from './methods.ts';
import { prepareSnapshot } from './snapshot-preparation.ts';
import { snapshotName } from './snapshot-name.ts';

/** Pieces in which layers are read from disk and sent; containerd takes messages of up to 16 MiB. */
export const CONTENT_CHUNK_BYTES: number = 1024 * 1024;

/** Longest time that one layer may take to unpack: gigabytes on a slow disk. */
export const UNPACK_TIMEOUT_MS: number = 30 * 60_000;

/** Media types by which containerd knows how to unpack; the image's own may be Docker's for the same thing. */
const LAYER_MEDIA_TYPES = {
  none: 'application/vnd.oci.image.layer.v1.tar',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
} as const;

/** Where images are unpacked. */
export interface UnpackerOptions {
  readonly client: ContainerdClient;
  readonly snapshotter: string;
  readonly bootId: string;
}

/** One unpacking. */
export interface Unpacking {
  /** Keeps alive what has been unpacked so far. */
  readonly lease: string;
  readonly signal: AbortSignal;
  /** Called with the fraction, 0 to 1, that has been dealt with. */
  readonly onProgress: (fraction: number) => void;
}

/** Turns layers into snapshots, and compares what containerd hashed while it did so with what was verified before. */
export class ImageUnpacker {
  readonly #client: ContainerdClient;
  readonly #snapshotter: string;
  readonly #bootId: string;
  /** Layers being unpacked, by the name of their snapshot: what two images share is unpacked once. */
  readonly #running = new Map<string, Promise<void>>();

  constructor({ client, snapshotter, bootId }: UnpackerOptions) {
    this.#client = client;
    this.#snapshotter = snapshotter;
    this.#bootId = bootId;
  }

  /**
   * Unpacks the layers that are not unpacked yet, into snapshots that live as long as the lease or whatever refers to
   * them by then.
   *
   * @param layers - bottom first
   * @throws LauncherError ERR_LAUNCHER_IMAGE_MISMATCH when what was unpacked has another digest than what was verified
   */
  async unpack(layers: readonly VerifiedLayer[], unpacking: Unpacking): Promise<void> {
    const { lease, onProgress } = unpacking;
    const abandoned = new AbortController();
    const signal = AbortSignal.any([unpacking.signal, abandoned.signal]);
    const advance = progressOf(layers, onProgress);
    const present = await this.#countPresent(layers, lease);
    for (const layer of layers.slice(0, present)) advance(workOf(layer));
    let parent = this.#nameOf(layers[present - 1]);
    const write = (layer: VerifiedLayer): Promise<void> =>
      this.#write(layer, { lease, signal, advance });
    try {
      for await (const layer of writtenAhead(layers.slice(present), write)) {
        const name = this.#nameOf(layer);
        await this.#unpackOnce({ layer, name, parent }, { lease, signal });
        advance(layer.unpackedSize);
        parent = name;
      }
    } finally {
      // A layer that is being written ahead when the one below it fails is of no use.
      abandoned.abort();
    }
  }

  /** The snapshot of a layer with all below it; of no layer, nothing. */
  #nameOf(layer: VerifiedLayer | undefined): string {
    return layer === undefined ? '' : snapshotName(this.#bootId, layer.chainId);
  }

  /** How many layers, from the bottom, are unpacked; afterwards the lease keeps them. */
  async #countPresent(layers: readonly VerifiedLayer[], lease: string): Promise<number> {
    for (const [at, layer] of layers.entries()) {
      if (!(await this.#claim(this.#nameOf(layer), lease))) return at;
    }
    return layers.length;
  }

  /** Takes a snapshot into the lease first and looks then: in the other order it could be collected in between. */
  async #claim(name: string, lease: string): Promise<boolean> {
    const snapshotter = this.#snapshotter;
    const resource = { id: name, type: `snapshots/${snapshotter}` };
    await this.#client.call(LEASES.addResource, { id: lease, resource });
    const found = await this.#client
      .call(SNAPSHOTS.stat, { snapshotter, key: name })
      .catch(undefinedIfMissing);
    return found?.info?.kind === 'COMMITTED';
  }

  async #write(
    layer: VerifiedLayer,
    { lease, signal, advance }: Inner & { readonly advance: (work: number) => void },
  ): Promise<void> {
    let seen = 0;
    await writeContent(this.#client, {
      descriptor: layer.descriptor,
      source: createReadStream(layer.file, { highWaterMark: CONTENT_CHUNK_BYTES }),
      lease,
      signal,
      onProgress: (bytes) => {
        advance(bytes - seen);
        seen = bytes;
      },
    });
    // Content that was there already is not sent.
    advance(layer.descriptor.size - seen);
  }

  async #unpackOnce(stack: Stack, inner: Inner): Promise<void> {
    for (;;) {
      const running = this.#running.get(stack.name);
      if (running === undefined) break;
      // Whether it failed is the other image's business; this one sees whether the snapshot is there.
      await running.catch(() => undefined);
      inner.signal.throwIfAborted();
      if (await this.#claim(stack.name, inner.lease)) return;
    }
    const running = this.#unpackLayer(stack, inner);
    this.#running.set(stack.name, running);
    try {
      await running;
    } finally {
      this.#running.delete(stack.name);
    }
  }

  async #unpackLayer({ layer, name, parent }: Stack, { lease, signal }: Inner): Promise<void> {
    const snapshotter = this.#snapshotter;
    const key = `unpack-${randomBytes(8).toString('hex')}`;
    const mounts = await prepareSnapshot(this.#client, { snapshotter, key, parent }, lease);
    try {
      const diff = {
        mediaType: LAYER_MEDIA_TYPES[layer.compression],
        digest: layer.descriptor.digest,
        size: layer.descriptor.size,
      };
      const options = { lease, signal, timeoutMs: UNPACK_TIMEOUT_MS };
      const { applied } = await this.#client.call(APPLY, { diff, mounts }, options);
      if (applied?.digest !== layer.diffId) throw unpackedOther(layer, applied?.digest);
      await this.#client.call(SNAPSHOTS.commit, { snapshotter, key, name }, { lease });
    } catch (error) {
      await this.#client.call(SNAPSHOTS.remove, { snapshotter, key }).catch(() => undefined);
      const lateButGood = grpcStatus(error) === status.ALREADY_EXISTS;
      if (!lateButGood || !(await this.#claim(name, lease))) throw error;
    }
  }
}

/** A layer and where it belongs. */
interface Stack {
  readonly layer: VerifiedLayer;
  /** Snapshot to be made. */
  readonly name: string;
  /** Snapshot of the layers below; empty for the lowest. */
  readonly parent: string;
}

interface Inner {
  readonly lease: string;
  readonly signal: AbortSignal;
}

/** Gives each layer when it has been written; the next one is being written meanwhile. */
async function* writtenAhead(
  layers: readonly VerifiedLayer[],
  write: (layer: VerifiedLayer) => Promise<void>,
): AsyncGenerator<VerifiedLayer> {
  const begin = (layer: VerifiedLayer | undefined): Promise<void> => {
    const written = layer === undefined ? Promise.resolve() : write(layer);
    // It is awaited below, unless unpacking fails before.
    written.catch(() => undefined);
    return written;
  };
  let written = begin(layers[0]);
  for (const [at, layer] of layers.entries()) {
    await written;
    written = begin(layers[at + 1]);
    yield layer;
  }
}

/** Bytes that a layer takes to send and to write out. */
function workOf(layer: VerifiedLayer): number {
  return layer.descriptor.size + layer.unpackedSize;
}

function progressOf(
  layers: readonly VerifiedLayer[],
  onProgress: (fraction: number) => void,
): (work: number) => void {
  const total = layers.reduce((sum, layer) => sum + workOf(layer), 0);
  let done = 0;
  return (work) => {
    done += work;
    onProgress(Math.min(1, done / total));
  };
}

function unpackedOther(layer: VerifiedLayer, seen: string | undefined): LauncherError {
  return new LauncherError(
    'ERR_LAUNCHER_IMAGE_MISMATCH',
    `containerd unpacked something else than layer ${layer.descriptor.digest} holds`,
    { expected: layer.diffId, seen: seen ?? 'nothing' },
  );
}
