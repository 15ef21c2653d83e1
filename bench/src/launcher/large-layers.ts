// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import type { TarEntry } from '@proofgate/images';

/** As images of applications have: the operating system, the language, its packages, the program. */
const LAYERS = 4;

/** Of a file; those of programs and their packages are small, and a few libraries are large. */
const FILE_BYTES = 128 * 1024;

/**
 * Makes layers that nobody has yet, with many files whose content compresses to half, as that of programs does.
 *
 * @param megabytes - of all layers together, compressed
 */
export function largeLayers(megabytes: number): readonly (readonly TarEntry[])[] {
  const files = Math.round((megabytes * 1_000_000 * 2) / FILE_BYTES / LAYERS);
  return Array.from({ length: LAYERS }, (_, layer) => [
    { kind: 'directory', path: `data-${String(layer)}`, mode: 0o755 },
    ...Array.from({ length: files }, (_file, at) =>
      largeFile(`data-${String(layer)}/${String(at)}`),
    ),
  ]);
}

function largeFile(path: string): TarEntry {
  const bytes = Buffer.alloc(FILE_BYTES);
  randomBytes(FILE_BYTES / 2).copy(bytes);
  return { kind: 'file', path, mode: 0o644, content: { kind: 'bytes', bytes } };
}
