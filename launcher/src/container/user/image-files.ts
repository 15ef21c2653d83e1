// SPDX-License-Identifier: Apache-2.0
import { posix } from 'node:path';
import type { VerifiedLayer } from '../../image/verified-image.ts';
import { viewLayer, type LayerItem, type LayerView } from './layer-view.ts';

/** Links on the way to a file: more is a loop. */
const MAX_LINKS = 8;

/** What the layers together have at a path, or where the search goes on. */
type Finding =
  | { readonly kind: 'file'; readonly bytes: Uint8Array }
  | { readonly kind: 'absent' }
  | { readonly kind: 'elsewhere'; readonly path: string };

/**
 * Reads small files of an image from its verified layers, as they would be seen when the layers are stacked: the
 * topmost entry counts, and whiteouts hide what is below them. Nothing is unpacked to disk.
 *
 * @param layers - of the image, bottom first
 * @param paths - absolute paths
 * @param maxBytes - largest file that is read; a larger one counts as absent
 * @returns the files that exist, by path
 */
export async function readImageFiles(
  layers: readonly VerifiedLayer[],
  paths: readonly string[],
  maxBytes: number,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  let searches = paths.map((path) => ({ wanted: path, path }));
  for (let round = 0; round < MAX_LINKS && searches.length > 0; round += 1) {
    const results = await searchLayers(
      layers,
      searches.map(({ path }) => path),
      maxBytes,
    );
    const next: typeof searches = [];
    searches.forEach(({ wanted }, index) => {
      const result = results[index];
      if (result?.kind === 'file') found.set(wanted, result.bytes);
      if (result?.kind === 'elsewhere') next.push({ wanted, path: result.path });
    });
    searches = next;
  }
  return found;
}

async function searchLayers(
  layers: readonly VerifiedLayer[],
  paths: readonly string[],
  maxBytes: number,
): Promise<readonly Finding[]> {
  const searches = paths.map((path) => new LayerSearch(path));
  const wanted = new Set(searches.flatMap(({ steps }) => steps));
  for (const layer of layers.toReversed()) {
    if (searches.every(({ finding }) => finding !== undefined)) break;
    const view = await viewLayer(layer, wanted, maxBytes);
    for (const search of searches) search.look(view);
  }
  return searches.map(({ finding }) => finding ?? { kind: 'absent' });
}

/** The search for one path, from the top layer down. */
class LayerSearch {
  /** Every directory on the way, then the path itself; without a slash in front. */
  readonly steps: readonly string[];
  finding: Finding | undefined;
  /** Directories that an upper layer has: what a lower one has instead of them is hidden. */
  readonly #directories = new Set<string>();

  constructor(path: string) {
    const parts = posix
      .normalize(path)
      .split('/')
      .filter((part) => part !== '');
    this.steps = parts.map((_part, index) => parts.slice(0, index + 1).join('/'));
  }

  look(view: LayerView): void {
    if (this.finding !== undefined) return;
    const last = this.steps.at(-1);
    for (const step of this.steps) {
      const item = view.items.get(step);
      if (item === undefined || (item.kind === 'directory' && step !== last)) continue;
      this.finding = this.#directories.has(step) ? { kind: 'absent' } : this.#follow(step, item);
      return;
    }
    for (const step of this.steps) {
      if (view.items.get(step)?.kind === 'directory') this.#directories.add(step);
    }
    if (this.#isHidden(view)) this.finding = { kind: 'absent' };
  }

  /** What an entry of the path, or of a directory on the way to it, leads to. */
  #follow(step: string, item: LayerItem): Finding {
    const rest = (this.steps.at(-1) ?? '').slice(step.length);
    switch (item.kind) {
      case 'file':
        return rest === '' ? item : { kind: 'absent' };
      case 'symlink':
        return { kind: 'elsewhere', path: posix.resolve(`/${step}`, '..', item.target) + rest };
      case 'hardlink':
        return { kind: 'elsewhere', path: item.target + rest };
      case 'large file':
      case 'directory':
      case 'other':
        return { kind: 'absent' };
    }
  }

  #isHidden(view: LayerView): boolean {
    if (view.opaque.has('')) return true;
    return this.steps.some(
      (step) => view.removed.has(step) || (step !== this.steps.at(-1) && view.opaque.has(step)),
    );
  }
}
