// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { ImagesError } from './errors.ts';
import { linkedLibraries } from './linked-libraries.ts';
import type { Recipe, RecipeFile, RecipeLayer } from './recipe.ts';
import type { TarEntry } from './tar-archive.ts';

/** Programs and libraries can be read and run by everyone and written by nobody. */
const PROGRAM_MODE = 0o555;

/** Parent folders that a recipe does not mention. */
const PARENT_MODE = 0o755;

/** Where a byte of the image came from. */
export interface ImageInput {
  /** Path in the image. */
  readonly path: string;
  /** `repository:PATH`, `recipe`, or `machine` (which of its folders must not change the digest). */
  readonly source: string;
  /** Hex. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/** A layer before it is written. */
export interface LayerPlan {
  readonly comment: string;
  /** Sorted by path, parents before children, every parent present. */
  readonly entries: readonly TarEntry[];
  readonly inputs: readonly ImageInput[];
}

/** What a plan reads besides the recipe. */
export interface PlanSources {
  /** Folder that `from` of a file is relative to. */
  readonly root: string;
  /** The Node.js executable to pack. */
  readonly nodeExecutable: string;
}

interface PlannedFile {
  readonly entry: TarEntry & { readonly kind: 'file' };
  readonly input: ImageInput;
}

/**
 * Resolves a recipe to the files of its layers and hashes every input.
 *
 * @throws {@link ImagesError} `ERR_IMAGES_INPUT_UNREADABLE`, `ERR_IMAGES_RECIPE_INVALID` (a path twice in a layer) and
 * those of {@link linkedLibraries}.
 */
export async function planLayers(recipe: Recipe, sources: PlanSources): Promise<LayerPlan[]> {
  const plans: LayerPlan[] = [];
  for (const layer of recipe.layers) plans.push(await planLayer(layer, sources));
  return plans;
}

async function planLayer(layer: RecipeLayer, sources: PlanSources): Promise<LayerPlan> {
  const files: PlannedFile[] = [];
  for (const file of layer.files) files.push(await planFile(file, sources.root));
  for (const { path } of layer.executables) {
    files.push(...(await planExecutable(path, sources.nodeExecutable)));
  }
  const directories = layer.directories.map(({ path, mode }): TarEntry => ({
    kind: 'directory',
    path: archivePath(path),
    mode,
  }));
  const entries = [...directories, ...files.map(({ entry }) => entry)];
  refuseDuplicates(layer, entries);
  return {
    comment: layer.comment,
    entries: [...missingParents(entries), ...entries].sort(byPath),
    inputs: files.map(({ input }) => input).sort(byPath),
  };
}

async function planFile(file: RecipeFile, root: string): Promise<PlannedFile> {
  if ('from' in file) {
    const from = resolve(root, file.from);
    const inside = relative(root, from);
    if (inside.startsWith('..') || isAbsolute(inside)) {
      throw new ImagesError('ERR_IMAGES_RECIPE_INVALID', `${file.from} is outside the repository`);
    }
    // Small enough to hold: read once, so that what is hashed is what is packed.
    const bytes = await readInput(from);
    return plannedBytes(file, `repository:${inside}`, bytes);
  }
  return plannedBytes(file, 'recipe', new TextEncoder().encode(file.text));
}

function plannedBytes(file: RecipeFile, source: string, bytes: Uint8Array): PlannedFile {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    entry: {
      kind: 'file',
      path: archivePath(file.path),
      mode: file.mode,
      content: { kind: 'bytes', bytes },
    },
    input: { path: file.path, source, sha256, size: bytes.length },
  };
}

async function planExecutable(path: string, executable: string): Promise<PlannedFile[]> {
  const program = await planCopy(path, executable);
  const libraries: PlannedFile[] = [];
  // A library goes where the loader found it here, as that is where it looks for it there.
  for (const library of await linkedLibraries(executable)) {
    libraries.push(await planCopy(library, library));
  }
  return [program, ...libraries];
}

async function planCopy(path: string, from: string): Promise<PlannedFile> {
  const file = await realpath(from).catch((cause: unknown) => unreadable(from, cause));
  const { sha256, size } = await hashFile(file);
  return {
    entry: {
      kind: 'file',
      path: archivePath(path),
      mode: PROGRAM_MODE,
      content: { kind: 'file', file, size, sha256 },
    },
    input: { path, source: 'machine', sha256, size },
  };
}

async function readInput(file: string): Promise<Uint8Array> {
  return readFile(file).catch((cause: unknown) => unreadable(file, cause));
}

async function hashFile(file: string): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const chunk of createReadStream(file)) {
      // A stream without an encoding yields Buffers.
      const bytes = chunk as Buffer;
      hash.update(bytes);
      size += bytes.length;
    }
  } catch (cause) {
    unreadable(file, cause);
  }
  return { sha256: hash.digest('hex'), size };
}

function unreadable(file: string, cause: unknown): never {
  throw new ImagesError('ERR_IMAGES_INPUT_UNREADABLE', `cannot read ${file}`, {
    hint: 'build first: npm run build',
    cause,
  });
}

/** Paths in an archive are relative to the image's root. */
function archivePath(path: string): string {
  return path.replace(/^\/+/, '');
}

function refuseDuplicates(layer: RecipeLayer, entries: readonly TarEntry[]): void {
  const seen = new Set<string>();
  for (const { path } of entries) {
    if (seen.has(path)) {
      throw new ImagesError(
        'ERR_IMAGES_RECIPE_INVALID',
        `layer ${JSON.stringify(layer.comment)} has /${path} twice`,
      );
    }
    seen.add(path);
  }
}

function missingParents(entries: readonly TarEntry[]): TarEntry[] {
  const present = new Set(entries.map(({ path }) => path));
  const missing = new Set<string>();
  for (const { path } of entries) {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash);
      if (!present.has(parent)) missing.add(parent);
    }
  }
  return [...missing].map((path) => ({ kind: 'directory', path, mode: PARENT_MODE }));
}

/** By code unit, not by locale: the order is part of the digest. */
function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : Number(a.path > b.path);
}
