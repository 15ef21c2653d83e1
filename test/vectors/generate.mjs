// SPDX-License-Identifier: Apache-2.0
// Writes test/vectors/data anew: `node test/vectors/generate.mjs`. The bytes differ every time, because keys do.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { format, resolveConfig } from 'prettier';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DATA = join(HERE, 'data');

/**
 * Node 20 cannot run TypeScript, so the generator is bundled first.
 *
 * @returns {Promise<import('./generate.ts')>}
 */
async function loadGenerator() {
  const cache = join(ROOT, '.cache');
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, 'vectors-'));
  const outfile = join(directory, 'generate.mjs');
  try {
    await build({
      absWorkingDir: ROOT,
      entryPoints: [join(HERE, 'generate.ts')],
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      conditions: ['@proofgate/source'],
      outfile,
      logLevel: 'warning',
    });
    return /** @type {import('./generate.ts')} */ (await import(pathToFileURL(outfile).href));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * @param {string} name without extension
 * @param {object} content
 */
async function write(name, content) {
  const path = join(DATA, `${name}.json`);
  const style = await resolveConfig(path);
  const text = await format(JSON.stringify(content), { ...style, filepath: path });
  writeFileSync(path, text);
  return text.length;
}

async function main() {
  const { generateVectors } = await loadGenerator();
  const { fixtures, areas } = await generateVectors();
  mkdirSync(DATA, { recursive: true });
  // Files of areas that are no more would still be read.
  for (const file of readdirSync(DATA)) rmSync(join(DATA, file));
  let bytes = await write('fixtures', fixtures);
  for (const [name, file] of Object.entries(areas)) bytes += await write(name, file);
  const rules = Object.values(areas).flatMap((file) => file.rules);
  const size = (bytes / 1024 / 1024).toFixed(2);
  process.stdout.write(`${String(rules.length)} rules, ${size} MiB in ${DATA}\n`);
}

await main();
