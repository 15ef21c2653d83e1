// SPDX-License-Identifier: Apache-2.0
import { digestsOf } from './image-assembly.ts';
import type { ImageContext } from './image-context.ts';
import { documentsOnDisk } from './image-find.ts';

/** What was removed. */
export interface CollectedGarbage {
  readonly blobs: number;
  readonly bytes: number;
}

/** What has arrived of a layer is worth keeping for a pull that is tried again; after this time nobody will. */
const PARTIAL_LIFETIME_MS: number = 24 * 60 * 60 * 1_000;

/** Removes what no kept image needs; see `ImageStore.collectGarbage`. */
export async function collectGarbage(
  context: ImageContext,
  keep: readonly string[],
): Promise<CollectedGarbage> {
  const { blobs, holds, clock } = context;
  for (;;) {
    const { generation } = holds;
    const needed = new Set<string>();
    for (const pin of keep) {
      for (const digest of await neededBy(context, pin)) needed.add(digest);
    }
    const found = await blobs.list();
    // An image that became complete meanwhile may be one to keep.
    if (generation !== holds.generation) continue;
    const oldest = clock().getTime() - PARTIAL_LIFETIME_MS;
    const unneeded = found.filter(
      ({ digest, arrivedMs }) =>
        !needed.has(digest) && !(arrivedMs !== undefined && arrivedMs > oldest),
    );
    const removed = new Set(await holds.sweep(unneeded.map(({ digest }) => digest)));
    await blobs.removeTemporaries(oldest);
    const bytes = unneeded
      .filter(({ digest }) => removed.has(digest))
      .reduce((sum, { size }) => sum + size, 0);
    return { blobs: removed.size, bytes };
  }
}

async function neededBy(context: ImageContext, pin: string): Promise<readonly string[]> {
  const location = { kind: 'layout', reference: pin, pin, name: '' } as const;
  try {
    const read = await documentsOnDisk(context, location);
    return read === undefined ? [] : digestsOf(read);
  } catch {
    // On disk, but not acceptable any more, for instance since a limit was lowered: nobody is going to use it.
    return [];
  }
}
