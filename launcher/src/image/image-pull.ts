// SPDX-License-Identifier: Apache-2.0
import { CodedError } from '@proofgate/evidence';
import type { LayerEntry } from './document/image-manifest.ts';
import {
  assembleImage,
  digestsOf,
  readImageDocuments,
  requireDiffId,
  type DocumentReader,
  type ImageDocuments,
} from './image-assembly.ts';
import type { ImageContext } from './image-context.ts';
import { findImage, layerOnDisk, type FindOptions } from './image-find.ts';
import type { ImageLocation } from './image-location.ts';
import type { ImageSource } from './image-source.ts';
import type { LayerFacts } from './layer/layer-check.ts';
import { ProgressSum, type PullProgress } from './pull-progress.ts';
import { Retry } from './registry/retry.ts';
import { downloadLayer } from './store/layer-download.ts';
import type { VerifiedImage } from './verified-image.ts';

/** How an image is pulled. */
export interface PullOptions extends FindOptions {
  /** Ends the pull; what has arrived is kept for the next one. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: PullProgress) => void;
}

/** Layers that are fetched side by side: more do not make it faster, and each takes memory. */
const PARALLEL_LAYERS = 3;

/** Makes sure that an image is on disk; see `ImageStore.pull`. */
export async function pullImage(
  context: ImageContext,
  location: ImageLocation,
  options: PullOptions,
): Promise<VerifiedImage> {
  const found = await findImage(context, location, options);
  if (found !== undefined) return found;
  options.signal.throwIfAborted();
  const source = await context.sources.open(location);
  const reader = retryingReader(context, source, options.signal);
  const read = await readImageDocuments(location, reader, context);
  return await pullLayers(context, { location, source, read, options });
}

interface Pull {
  readonly location: ImageLocation;
  readonly source: ImageSource;
  readonly read: ImageDocuments;
  readonly options: PullOptions;
}

/** Fetches the rest of an image. The pinned document is written last: when it is there, everything is. */
async function pullLayers(context: ImageContext, pull: Pull): Promise<VerifiedImage> {
  const { blobs, holds, downloads, limits, clock, logger } = context;
  const { location, read } = pull;
  const began = clock().getTime();
  const digests = digestsOf(read);
  await holds.hold(digests);
  let refused = false;
  try {
    const facts = await fetchLayers(context, pull);
    const pathOf = (digest: string): string => blobs.pathOf(digest);
    const image = assembleImage(location, read, facts, { limits, pathOf });
    for (const { digest, bytes } of [read.configDocument, ...read.documents.toReversed()]) {
      await blobs.writeDocument(digest, bytes);
    }
    holds.complete(digests);
    const ms = clock().getTime() - began;
    logger.info({ image: location.reference, ms, ...summary(read, facts) }, 'image pulled');
    return image;
  } catch (error) {
    refused = error instanceof CodedError && error.family === 'rejected';
    throw error;
  } finally {
    // Nothing goes on behind the back of whoever pulled.
    await downloads.abandonedDone(digests);
    holds.release(digests);
    if (refused) await holds.discard(digests);
  }
}

/** One fetch for each layer, even where an image has the same one twice. */
async function fetchLayers(context: ImageContext, pull: Pull): Promise<readonly LayerFacts[]> {
  const { read, options } = pull;
  const { layers } = read.manifest;
  const unique = new Map(layers.map((layer) => [layer.digest, layer]));
  const progress = new ProgressSum([...unique.values()], options.onProgress ?? (() => undefined));
  const facts = new Map<string, LayerFacts>();
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const queue = unique.values();
  const work = async (): Promise<void> => {
    for (const layer of queue) {
      const found = await fetchLayer(context, pull, layer, signal, progress);
      requireDiffId(pull.location, read, layer.digest, found.diffId);
      facts.set(layer.digest, found);
    }
  };
  const workers = Array.from({ length: PARALLEL_LAYERS }, async () => {
    try {
      await work();
    } catch (error) {
      failed.abort(error);
    }
  });
  await Promise.all(workers);
  signal.throwIfAborted();
  return layers.flatMap(({ digest }) => facts.get(digest) ?? []);
}

async function fetchLayer(
  context: ImageContext,
  { source, options }: Pull,
  layer: LayerEntry,
  signal: AbortSignal,
  progress: ProgressSum,
): Promise<LayerFacts> {
  const { blobs: store, holds, downloads, limits, timing, random } = context;
  const { verify = false } = options;
  const waiter = {
    kind: `${source.name} ${String(verify)}`,
    signal,
    onProgress: (bytes: number) => {
      progress.set(layer.digest, bytes);
    },
  };
  return await downloads.join(layer.digest, waiter, async (jointSignal, onProgress) => {
    const known = await layerOnDisk(context, layer, verify);
    if (known !== undefined) {
      onProgress(layer.size);
      return known;
    }
    const retry = new Retry(timing, random);
    const download = { layer, source, store, limits, retry, signal: jointSignal, onProgress };
    const facts = await downloadLayer(download);
    holds.fetched(layer.digest);
    return facts;
  });
}

function retryingReader(
  { timing, random }: ImageContext,
  source: ImageSource,
  signal: AbortSignal,
): DocumentReader {
  return {
    manifest: (digest) =>
      new Retry(timing, random).until(() => source.manifest(digest, signal), signal),
    config: (descriptor) =>
      new Retry(timing, random).until(() => source.config(descriptor, signal), signal),
  };
}

/** For the log. */
function summary({ manifest }: ImageDocuments, facts: readonly LayerFacts[]): object {
  const sumOf = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0);
  return {
    layers: manifest.layers.length,
    bytes: sumOf(manifest.layers.map(({ size }) => size)),
    unpackedBytes: sumOf(facts.map(({ unpackedSize }) => unpackedSize)),
    files: sumOf(facts.map(({ findings }) => findings.entries)),
    setuidFiles: sumOf(facts.map(({ findings }) => findings.setuid)),
    hiddenDevices: sumOf(facts.map(({ findings }) => findings.hiddenDevices)),
  };
}
