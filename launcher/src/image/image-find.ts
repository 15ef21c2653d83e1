// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { LauncherError } from '../errors.ts';
import type { LayerEntry } from './document/image-manifest.ts';
import { assembleImage, readImageDocuments, type ImageDocuments } from './image-assembly.ts';
import type { ImageContext } from './image-context.ts';
import type { ImageLocation } from './image-location.ts';
import { LayerCheck, type LayerFacts } from './layer/layer-check.ts';
import { storeFailure, unlessMissing } from './store/store-failure.ts';
import type { VerifiedImage } from './verified-image.ts';

/** How much of what is on disk is believed. */
export interface FindOptions {
  /**
   * Reads and checks every byte of the layers again, which takes as long as unpacking them. Without it their sizes are
   * compared: enough where nobody else can write to the disk. Documents are always checked.
   *
   * @defaultValue false
   */
  readonly verify?: boolean;
}

/** Pieces that a layer is read in. */
const PIECE_BYTES = 256 * 1024;

/** A part of the image is not on disk. */
class NotHere extends Error {}

/** Puts an image together from what is on disk; `undefined` when something is missing or damaged. */
export async function findImage(
  context: ImageContext,
  location: ImageLocation,
  { verify = false }: FindOptions,
): Promise<VerifiedImage | undefined> {
  const read = await documentsOnDisk(context, location);
  if (read === undefined) return undefined;
  const facts: LayerFacts[] = [];
  for (const layer of read.manifest.layers) {
    const known = await layerOnDisk(context, layer, verify);
    if (known === undefined) return undefined;
    facts.push(known);
  }
  const pathOf = (digest: string): string => context.blobs.pathOf(digest);
  return assembleImage(location, read, facts, { limits: context.limits, pathOf });
}

/** The documents of an image, if all of them are on disk. */
export async function documentsOnDisk(
  context: ImageContext,
  location: ImageLocation,
): Promise<ImageDocuments | undefined> {
  const read = async (digest: string): Promise<Uint8Array> => {
    const bytes = await context.blobs.readDocument(digest);
    if (bytes === undefined) throw new NotHere(digest);
    return bytes;
  };
  try {
    const reader = { manifest: read, config: ({ digest }: { digest: string }) => read(digest) };
    return await readImageDocuments(location, reader, context);
  } catch (error) {
    if (error instanceof NotHere) return undefined;
    throw error;
  }
}

/** What is known of a layer, if it is on disk; one that turns out to be damaged is removed. */
export async function layerOnDisk(
  context: ImageContext,
  layer: LayerEntry,
  verify: boolean,
): Promise<LayerFacts | undefined> {
  const { blobs } = context;
  const size = await blobs.sizeOf(layer.digest);
  if (size === undefined) return undefined;
  const known = size === layer.size && !verify ? await blobs.readFacts(layer.digest) : undefined;
  return known ?? (await checkedAgain(context, layer));
}

async function checkedAgain(
  context: ImageContext,
  layer: LayerEntry,
): Promise<LayerFacts | undefined> {
  const { blobs, logger } = context;
  const path = blobs.pathOf(layer.digest);
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(
    (cause: unknown) => {
      throw storeFailure(path, cause);
    },
  );
  const check = new LayerCheck(layer, context.limits);
  const { ino } = await file.stat();
  try {
    for await (const piece of file.createReadStream({
      autoClose: false,
      highWaterMark: PIECE_BYTES,
    })) {
      // Without an encoding, pieces are buffers.
      await check.write(piece as Buffer);
    }
    const facts = await check.finish();
    await blobs.writeFacts(layer.digest, facts);
    return facts;
  } catch (error) {
    if (!(error instanceof LauncherError) || error.family !== 'rejected') throw error;
    logger.warn({ err: error, layer: layer.digest }, 'layer on disk is damaged; it is removed');
    // Somebody may have put a good one in its place meanwhile.
    const current = await unlessMissing(lstat(path));
    if (current?.ino === ino) await blobs.remove([layer.digest]);
    return undefined;
  } finally {
    check.close();
    await file.close();
  }
}
