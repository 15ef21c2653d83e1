// SPDX-License-Identifier: Apache-2.0
// Bundles the example workload into one file that runs anywhere Node runs, without node_modules.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Where the demo and the image build expect the bundle, relative to the repository. */
export const HELLO_BUNDLE = 'examples/hello/dist/hello.mjs';

/**
 * Writes the bundle, unless the file already has the same content: its bytes are part of a measured image.
 *
 * @param {string} [outFile]
 * @returns {Promise<string>} the file's path
 */
export async function bundleHello(outFile = join(ROOT, HELLO_BUNDLE)) {
  const { build } = await import('esbuild');
  const result = await build({
    // Comments in the output name the inputs relative to this folder, so it must not depend on who calls.
    absWorkingDir: ROOT,
    entryPoints: ['examples/hello/src/main.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // ws is CommonJS and calls require() for Node's own modules.
    banner: {
      js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
    },
    // Optional accelerators of ws that it does without.
    external: ['bufferutil', 'utf-8-validate'],
    // The MIT licence of ws asks that its text travels with copies.
    footer: {
      js: `/*!\nIncludes ws:\n${readFileSync(join(ROOT, 'node_modules/ws/LICENSE'), 'utf8')}*/`,
    },
    write: false,
    logLevel: 'warning',
  });
  const contents = result.outputFiles[0]?.contents ?? new Uint8Array();
  if (readIfPresent(outFile)?.equals(contents) !== true) {
    mkdirSync(dirname(outFile), { recursive: true });
    const temporary = `${outFile}.${String(process.pid)}`;
    writeFileSync(temporary, contents);
    renameSync(temporary, outFile);
  }
  return outFile;
}

/** @param {string} file */
function readIfPresent(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(`${await bundleHello()}\n`);
}
