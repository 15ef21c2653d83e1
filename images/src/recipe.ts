// SPDX-License-Identifier: Apache-2.0
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { ImagesError } from './errors.ts';

/** A folder of an image. */
export interface RecipeDirectory {
  readonly path: string;
  readonly mode: number;
}

/** A file of an image: `from` is relative to the repository, `text` is the content itself. */
export type RecipeFile =
  | { readonly path: string; readonly mode: number; readonly from: string }
  | { readonly path: string; readonly mode: number; readonly text: string };

/** A program of the building machine, copied together with the shared libraries it is linked with. */
export interface RecipeExecutable {
  readonly path: string;
  /** `node` is the Node.js that runs the build. */
  readonly from: 'node';
}

/** One layer of a {@link Recipe}. */
export interface RecipeLayer {
  /** Why the layer is there; goes into the image's history. */
  readonly comment: string;
  readonly directories: readonly RecipeDirectory[];
  readonly files: readonly RecipeFile[];
  readonly executables: readonly RecipeExecutable[];
}

/** What an image contains and how it runs. */
export interface Recipe {
  readonly version: '1';
  readonly name: string;
  readonly description: string;
  /** ISO 8601; the time of the image and of every file in it. */
  readonly created: string;
  /** `UID:GID` in numbers, because a name is looked up in a file that a volume could replace; never root. */
  readonly user: string;
  readonly working_dir: string;
  readonly entrypoint: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly ports: readonly number[];
  readonly labels: Readonly<Record<string, string>>;
  readonly layers: readonly RecipeLayer[];
}

/** Absolute, normalised, plain characters: what every tar reader unpacks to the same place. */
const imagePath = z
  .string()
  .regex(/^(\/[\w.@+-]+)+$/, 'must be an absolute path of letters, digits and ._@+-')
  .refine((path) => !/\/\.{1,2}(\/|$)/.test(path), 'must not contain . or .. parts');

/** Octal, as for chmod; no set-user-ID or set-group-ID bits. */
const mode = z
  .string()
  .regex(/^[01]?[0-7]{3}$/, 'must be octal, such as "0644"')
  .transform((text) => Number.parseInt(text, 8));

const directory = z.strictObject({ path: imagePath, mode: mode.default(0o755) });

const file = z.union([
  z.strictObject({ path: imagePath, from: z.string().min(1), mode: mode.default(0o644) }),
  z.strictObject({ path: imagePath, text: z.string(), mode: mode.default(0o644) }),
]);

const executable = z.strictObject({ path: imagePath, from: z.literal('node') });

const recipeSchema: z.ZodType<Recipe> = z.strictObject({
  version: z.literal('1'),
  name: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  description: z.string(),
  created: z.iso.datetime(),
  user: z.string().regex(/^[1-9]\d*:[1-9]\d*$/, 'must be UID:GID in numbers, not root'),
  working_dir: imagePath,
  entrypoint: z.array(z.string()).min(1),
  env: z.record(z.string().regex(/^[A-Z_][A-Z0-9_]*$/), z.string()).default({}),
  ports: z.array(z.int().min(1).max(65_535)).default([]),
  labels: z.record(z.string(), z.string()).default({}),
  layers: z
    .array(
      z.strictObject({
        comment: z.string().min(1),
        directories: z.array(directory).default([]),
        files: z.array(file).default([]),
        executables: z.array(executable).default([]),
      }),
    )
    .min(1),
});

/**
 * Reads a recipe.
 *
 * @param text YAML.
 * @param fileName For messages.
 * @throws {@link ImagesError} `ERR_IMAGES_RECIPE_INVALID`, naming every problem, with line and column for YAML errors.
 */
export function parseRecipe(text: string, fileName: string): Recipe {
  const document = parseDocument(text, { uniqueKeys: true, strict: true });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) {
    throw new ImagesError('ERR_IMAGES_RECIPE_INVALID', `${fileName}: ${problem.message}`, {
      cause: problem,
    });
  }
  const result = recipeSchema.safeParse(document.toJS());
  if (result.success) return result.data;
  const issues = result.error.issues.map(
    (issue) => `${issue.path.map(String).join('.')}: ${issue.message}`,
  );
  throw new ImagesError('ERR_IMAGES_RECIPE_INVALID', `${fileName}: ${issues.join('; ')}`, {
    cause: result.error,
  });
}
