// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CodedError } from '@proofgate/evidence';
import { renderImageReport } from './image-report.ts';
import { publishImage } from './publish-image.ts';
import { parseRecipe } from './recipe.ts';

const USAGE = `usage: npm run images -- [--recipe FILE] [--out FOLDER] [--check] [--json]

Builds a recipe as an OCI image layout, without a container engine.

  --recipe FILE  default images/hello/image.yaml
  --out FOLDER   default .cache/images/NAME
  --check        build twice, and fail unless both have the same digest
  --json         print the result as JSON
SOURCE_DATE_EPOCH overrides the time in the recipe.
`;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      recipe: { type: 'string', default: join(ROOT, 'images/hello/image.yaml') },
      out: { type: 'string' },
      check: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const recipe = parseRecipe(await readFile(values.recipe, 'utf8'), values.recipe);
  const epoch = readEpoch(process.env['SOURCE_DATE_EPOCH']);
  const image = await publishImage({
    recipe,
    root: ROOT,
    nodeExecutable: process.execPath,
    architecture: process.arch,
    directory: resolve(values.out ?? join(ROOT, '.cache/images', recipe.name)),
    check: values.check,
    ...(epoch === undefined ? {} : { epoch }),
    onProgress: (message) => process.stderr.write(`${recipe.name}: ${message} …\n`),
  });
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ name: recipe.name, ...image }, undefined, 2)}\n`
      : renderImageReport(recipe.name, image),
  );
  return 0;
}

function readEpoch(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,11}$/.test(text)) throw new Error('SOURCE_DATE_EPOCH must be seconds since 1970');
  return Number(text);
}

function explain(error: unknown): string {
  if (!(error instanceof CodedError)) return error instanceof Error ? error.message : String(error);
  const details = { expected: error.expected, seen: error.seen, hint: error.hint };
  const lines = Object.entries(details).flatMap(([label, text]) =>
    text === undefined ? [] : [`\n  ${label}: ${text}`],
  );
  return `${error.code}: ${error.message}${lines.join('')}`;
}

main().then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    process.stderr.write(`images: ${explain(error)}\n`);
    process.exitCode = 1;
  },
);
