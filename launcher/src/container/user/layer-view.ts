// SPDX-License-Identifier: Apache-2.0
import { createReadStream } from 'node:fs';
import { extract, type Extract, type Header } from 'tar-stream';
import { unpackerFor } from '../../image/layer/layer-unpacker.ts';
import type { VerifiedLayer } from '../../image/verified-image.ts';

/** What one layer has at a path. */
export type LayerItem =
  | { readonly kind: 'file'; readonly bytes: Uint8Array }
  /** Larger than anybody wants to read. */
  | { readonly kind: 'large file' }
  | { readonly kind: 'symlink'; readonly target: string }
  /** Another name of a file; the target is a path from the root. */
  | { readonly kind: 'hardlink'; readonly target: string }
  | { readonly kind: 'directory' }
  | { readonly kind: 'other' };

/** What one layer says about some paths. */
export interface LayerView {
  /** By path without a slash in front; the last entry of a name is the one that counts. */
  readonly items: ReadonlyMap<string, LayerItem>;
  /** Paths that hide what lower layers have there. */
  readonly removed: ReadonlySet<string>;
  /** Directories whose content in lower layers is hidden. */
  readonly opaque: ReadonlySet<string>;
}

/** OCI image-spec, layer.md, "Whiteouts". */
const WHITEOUT = '.wh.';
const OPAQUE_WHITEOUT = '.wh..wh..opq';

/**
 * Reads what a verified layer says about some paths, from its first byte to its last.
 *
 * @param layer - the layer
 * @param paths - without a slash in front
 * @param maxBytes - largest file that is kept
 * @returns its entries for the paths
 */
export async function viewLayer(
  layer: VerifiedLayer,
  paths: ReadonlySet<string>,
  maxBytes: number,
): Promise<LayerView> {
  const view = new ViewBuilder(paths, maxBytes);
  const archive = extract();
  const done = collect(archive, view);
  // Reported by `done`; this keeps a failure that comes early from counting as unhandled.
  done.catch(() => undefined);
  let ready: Promise<void> = Promise.resolve();
  const unpacker = unpackerFor(layer.compression, (piece) => {
    // The piece is valid during this call alone.
    if (!archive.write(Buffer.from(piece))) ready = drained(archive);
  });
  try {
    const stream: AsyncIterable<Uint8Array> = createReadStream(layer.file);
    for await (const chunk of stream) {
      await unpacker.write(chunk);
      await Promise.race([ready, done]);
    }
    await unpacker.finish();
    archive.end(undefined);
    await done;
  } finally {
    unpacker.close();
    archive.destroy();
  }
  return view;
}

function drained(archive: Extract): Promise<void> {
  return new Promise((resolve) => {
    archive.once('drain', resolve);
  });
}

async function collect(archive: Extract, view: ViewBuilder): Promise<void> {
  for await (const entry of archive) {
    const chunks = view.take(entry.header);
    if (chunks === undefined) {
      entry.resume();
      continue;
    }
    const body: AsyncIterable<unknown> = entry;
    for await (const chunk of body) if (chunk instanceof Uint8Array) chunks.push(chunk);
    view.endFile();
  }
}

class ViewBuilder implements LayerView {
  readonly items = new Map<string, LayerItem>();
  readonly removed = new Set<string>();
  readonly opaque = new Set<string>();
  readonly #paths: ReadonlySet<string>;
  readonly #maxBytes: number;
  #file: { readonly path: string; readonly chunks: Uint8Array[] } | undefined;

  constructor(paths: ReadonlySet<string>, maxBytes: number) {
    this.#paths = paths;
    this.#maxBytes = maxBytes;
  }

  /** @returns where the content goes, when it is wanted; then {@link endFile} has to follow */
  take(header: Header): Uint8Array[] | undefined {
    const path = normalize(header.name);
    const slash = path.lastIndexOf('/') + 1;
    const [directory, name] = [path.slice(0, Math.max(0, slash - 1)), path.slice(slash)];
    if (name === OPAQUE_WHITEOUT) this.opaque.add(directory);
    else if (name.startsWith(WHITEOUT)) {
      this.removed.add(path.slice(0, slash) + name.slice(WHITEOUT.length));
    }
    if (!this.#paths.has(path)) return undefined;
    const item = itemOf(header, this.#maxBytes);
    if (item !== undefined) {
      this.items.set(path, item);
      return undefined;
    }
    const chunks: Uint8Array[] = [];
    this.#file = { path, chunks };
    return chunks;
  }

  endFile(): void {
    if (this.#file === undefined) return;
    const { path, chunks } = this.#file;
    this.items.set(path, { kind: 'file', bytes: Buffer.concat(chunks) });
    this.#file = undefined;
  }
}

/** @returns `undefined` for a file that is to be read */
function itemOf({ type, size, linkname }: Header, maxBytes: number): LayerItem | undefined {
  switch (type) {
    case 'file':
    case 'contiguous-file':
      return size > maxBytes ? { kind: 'large file' } : undefined;
    case 'symlink':
      return { kind: 'symlink', target: linkname };
    case 'link':
      return { kind: 'hardlink', target: `/${linkname}` };
    case 'directory':
      return { kind: 'directory' };
    case 'block-device':
    case 'character-device':
    case 'fifo':
    default:
      return { kind: 'other' };
  }
}

/** `./etc/passwd`, `/etc/passwd` and `etc//passwd` are one name. */
function normalize(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
