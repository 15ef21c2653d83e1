// SPDX-License-Identifier: Apache-2.0
// Bundles what browsers use of the verifier. What counts is what is inside: no Node built-in, no third-party code but
// @noble/hashes, nothing of ours but the verifier and evidence; and what a page has to load before it can verify.
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { ROOT } from './prepare.mjs';

const ALLOWED = /^(evidence\/src|verifier\/src(?!\/node\/)|node_modules\/@noble\/hashes)\//;

const KIB = 1024;

/** What pages load, and how much of it there may be after gzip. */
const BUNDLES = [
  {
    name: 'quotes of TDX and their collateral',
    source: "export { prepareCollateral, verifyQuote } from '@proofgate/verifier';",
    // What the package promises: less than a small picture.
    limit: 14 * KIB,
  },
  {
    name: 'the same and attestation documents',
    source: [
      "export { checkUnboundDocument, prepareCollateral, verifyQuote } from '@proofgate/verifier';",
      "export { parseAttestationDocument } from '@proofgate/evidence';",
    ].join('\n'),
    // Hashing of event logs and configuration trees is most of the difference. Growth should be noticed, no more.
    limit: 26 * KIB,
  },
  {
    name: 'everything',
    source: "export * from '@proofgate/verifier';",
    limit: 48 * KIB,
  },
];

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

/** @param {number} size */
function kib(size) {
  return `${(size / KIB).toFixed(1)} KiB`;
}

async function main() {
  let findings = await checkTheCheck();
  for (const { name, source, limit } of BUNDLES) {
    const judged = await judge(source);
    const size = gzipSync(judged.bytes).length;
    findings = [...findings, ...judged.findings];
    if (size > limit) findings.push(`${name}: ${kib(size)} with gzip, over ${kib(limit)}`);
    if (judged.bytes.length === 0) findings.push(`${name}: the bundle is empty`);
    process.stdout.write(
      `${name}: ${kib(judged.bytes.length)} minified, ${kib(size)} with gzip, at most ${kib(limit)}\n`,
    );
  }
  for (const finding of findings) process.stdout.write(`${finding}\n`);
  process.stdout.write(
    `bundles for browsers: ${String(BUNDLES.length)}, ${String(findings.length)} findings\n`,
  );
  process.exitCode = findings.length > 0 ? 1 : 0;
}

await main();
