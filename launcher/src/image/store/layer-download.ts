// SPDX-License-Identifier: Apache-2.0
import { LauncherError } from '../../errors.ts';
import type { LayerEntry } from '../document/image-manifest.ts';
import type { ImageLimits } from '../image-limits.ts';
import type { ImageSource } from '../image-source.ts';
import { LayerCheck, type LayerFacts } from '../layer/layer-check.ts';
import type { Retry } from '../registry/retry.ts';
import type { BlobStore } from './blob-store.ts';
import type { PartialFile } from './partial-file.ts';
import { storeFailure } from './store-failure.ts';

/** What a download needs. */
export interface LayerDownload {
  readonly layer: LayerEntry;
  readonly source: ImageSource;
  readonly store: BlobStore;
  readonly limits: ImageLimits;
  readonly retry: Retry;
  readonly signal: AbortSignal;
  /** Gets how many of the layer's bytes are there. */
  readonly onProgress: (bytes: number) => void;
}

/** Small pieces cost more for going back and forth than for the work on them. */
const PIECE_BYTES = 256 * 1024;

/**
 * Fetches a layer and checks it while it is written, in one pass. Becomes a blob only when everything about it is right;
 * what is wrong is removed, what broke off is kept and goes on from there the next time.
 *
 * @throws LauncherError; the signal's reason
 */
export async function downloadLayer(download: LayerDownload): Promise<LayerFacts> {
  const { layer, store } = download;
  const partial = await store.openPartial(layer.digest);
  try {
    return await fromPartial(download, partial);
  } catch (error) {
    if (partial.size === 0 || !isWorthKeeping(error, download.signal)) await partial.remove();
    throw error;
  } finally {
    await partial.close();
  }
}

/** What an earlier download left may be damaged, by a loss of power for instance: then it is fetched from the start. */
async function fromPartial(download: LayerDownload, partial: PartialFile): Promise<LayerFacts> {
  const { layer, signal } = download;
  if (partial.size > layer.size) await partial.clear();
  if (partial.size > 0) {
    try {
      return await run(download, partial);
    } catch (error) {
      if (signal.aborted || !(error instanceof LauncherError) || error.family !== 'rejected') {
        throw error;
      }
      await partial.clear();
    }
  }
  return await run(download, partial);
}

async function run(download: LayerDownload, partial: PartialFile): Promise<LayerFacts> {
  const { layer, store, limits, signal, onProgress } = download;
  const check = new LayerCheck(layer, limits);
  try {
    let replayed = 0;
    for await (const piece of partial.pieces()) {
      signal.throwIfAborted();
      await check.write(piece);
      replayed += piece.length;
      onProgress(replayed);
    }
    await fetchRest(download, partial, check);
    const facts = await check.finish();
    signal.throwIfAborted();
    await store.writeFacts(layer.digest, facts);
    await partial.moveTo(store.pathOf(layer.digest));
    return facts;
  } finally {
    check.close();
  }
}

async function fetchRest(
  download: LayerDownload,
  partial: PartialFile,
  check: LayerCheck,
): Promise<void> {
  const { layer, retry, signal } = download;
  while (partial.size < layer.size) {
    const before = partial.size;
    try {
      const isComplete = await fetchOnce(download, partial, check);
      // The server says that this was all of it; the check says that it was not.
      if (isComplete) return;
    } catch (error) {
      if (partial.size > before) retry.reset();
      await retry.pauseAfter(asFault(error), signal);
    }
  }
}

async function fetchOnce(
  { layer, source, signal, onProgress }: LayerDownload,
  partial: PartialFile,
  check: LayerCheck,
): Promise<boolean> {
  const { offset, body } = await source.layer(layer, partial.size, signal);
  let known = partial.size - offset;
  for await (const piece of gathered(body)) {
    signal.throwIfAborted();
    const news = piece.subarray(Math.min(known, piece.length));
    known -= piece.length - news.length;
    if (news.length === 0) continue;
    const [written, checked] = await Promise.allSettled([partial.append(news), check.write(news)]);
    if (checked.status === 'rejected') throw checked.reason;
    if (written.status === 'rejected') throw written.reason;
    onProgress(partial.size);
  }
  return true;
}

/** Joins small pieces; when the body breaks off, what has arrived is handed over first. */
async function* gathered(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let pieces: Uint8Array[] = [];
  let size = 0;
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const piece of body) {
      pieces.push(piece);
      size += piece.length;
      if (size < PIECE_BYTES) continue;
      yield pieces.length === 1 ? piece : Buffer.concat(pieces, size);
      pieces = [];
      size = 0;
    }
  } catch (error) {
    failure = { error };
  }
  if (size > 0) yield Buffer.concat(pieces, size);
  if (failure !== undefined) throw failure.error;
}

/** What the file system says of a layout, for example. */
function asFault(error: unknown): unknown {
  const isKnown = error instanceof LauncherError || !(error instanceof Error) || !('code' in error);
  return isKnown ? error : storeFailure('the source of a layer', error);
}

function isWorthKeeping(error: unknown, signal: AbortSignal): boolean {
  if (signal.aborted) return true;
  return error instanceof LauncherError && error.code === 'ERR_LAUNCHER_REGISTRY_UNAVAILABLE';
}
