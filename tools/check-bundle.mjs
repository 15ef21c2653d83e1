// SPDX-License-Identifier: Apache-2.0
// Bundles the core of the verifier for a browser. What counts is what is inside, not how big it is: no Node built-in,
// no third-party code but @noble/hashes, nothing of ours but the verifier and evidence.
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { ROOT } from './prepare.mjs';

const ALLOWED = /^(evidence\/src|verifier\/src(?!\/node\/)|node_modules\/@noble\/hashes)\//;

/**
 * @typedef {{ bytes: Uint8Array, findings: string[] }} Judged
 */

/**
 * @param {string} source a module, as if it stood in the root folder
 * @returns {Promise<Judged>}
 */
async function judge(source) {
  try {
    return await bundleAndJudge(source);
  } catch (error) {
    // esbuild rejects with a message that names file, line and cause.
    const text = error instanceof Error ? error.message : String(error);
    return { bytes: new Uint8Array(), findings: [`cannot bundle: ${text}`] };
  }
}

/**
 * @param {string} source
 * @returns {Promise<Judged>}
 */
async function bundleAndJudge(source) {
  /** @type {string[]} */
  const builtIns = [];
  const result = await build({
    absWorkingDir: ROOT,
    stdin: { contents: source, resolveDir: ROOT, sourcefile: 'entry.js' },
    bundle: true,
    minify: true,
    metafile: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    conditions: ['@proofgate/source'],
    logLevel: 'silent',
    plugins: [
      {
        name: 'node-built-ins',
        setup(context) {
          context.onResolve({ filter: /^node:/ }, ({ path, importer }) => {
            builtIns.push(`${importer.replace(ROOT, '')} imports ${path}`);
            return { path, external: true };
          });
        },
      },
    ],
  });
  const strangers = Object.keys(result.metafile.inputs)
    .filter((input) => input !== 'entry.js' && !ALLOWED.test(input))
    .map((input) => `${input} is in the bundle`);
  return {
    bytes: result.outputFiles[0]?.contents ?? new Uint8Array(),
    findings: [...builtIns, ...strangers],
  };
}

/** What must be found, and by what, so that a silent check is known to be able to speak. */
const PLANTED = [
  { source: "export { connect } from 'node:tls';", finding: /imports node:tls$/ },
  { source: "export * from 'yaml';", finding: /yaml\/.* is in the bundle$/ },
  {
    source: "export * from '@proofgate/verifier/node';",
    finding: /verifier\/src\/node\/.* is in the bundle$/,
  },
];

/** @returns {Promise<string[]>} */
async function checkTheCheck() {
  /** @type {string[]} */
  const missed = [];
  for (const { source, finding } of PLANTED) {
    const { findings } = await judge(source);
    if (!findings.some((text) => finding.test(text))) missed.push(`not noticed: ${source}`);
  }
  return missed;
}

async function main() {
  const { bytes, findings } = await judge("export * from '@proofgate/verifier';");
  const all = [...findings, ...(await checkTheCheck())];
  for (const finding of all) process.stdout.write(`${finding}\n`);
  const kib = (/** @type {number} */ size) => `${(size / 1024).toFixed(1)} KiB`;
  process.stdout.write(
    `verifier for the browser: ${kib(bytes.length)} minified, ${kib(gzipSync(bytes).length)} with gzip, ` +
      `${String(all.length)} findings\n`,
  );
  process.exitCode = all.length > 0 || bytes.length === 0 ? 1 : 0;
}

await main();
