// SPDX-License-Identifier: Apache-2.0
// Checks the layer rules twice: that this repository keeps them, and that each of them fires where it is broken on
// purpose. A rule that cannot fail (a typo in a pattern is enough) proves nothing.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKAGES, PLANTED, TARGETS } from './planted-violations.mjs';
import { ROOT } from './prepare.mjs';
import { sourceFiles } from './source-files.mjs';

/**
 * @typedef {{ from: string, to: string, rule: { name: string } }} Violation
 * @typedef {{ modules: { source: string, dependencies: unknown[] }[], summary: { violations: Violation[] } }} Report
 */

const CONFIG = join(ROOT, '.dependency-cruiser.cjs');

const CRUISER = fileURLToPath(
  new URL('../../bin/dependency-cruise.mjs', import.meta.resolve('dependency-cruiser')),
);

/** A dependency-cruiser report of a large tree is some megabytes of JSON. */
const MAX_REPORT_BYTES = 256 * 1024 * 1024;

/**
 * @param {string} directory
 * @param {readonly string[]} folders
 * @returns {Report}
 */
function cruise(directory, folders) {
  const args = [CRUISER, '--config', CONFIG, '--output-type', 'json', ...folders];
  const result = spawnSync(process.execPath, args, {
    cwd: directory,
    encoding: 'utf8',
    maxBuffer: MAX_REPORT_BYTES,
  });
  try {
    return /** @type {Report} */ (JSON.parse(result.stdout));
  } catch {
    throw new Error(`dependency-cruiser gave no report: ${result.stderr}${result.stdout}`);
  }
}

/** @returns {number} how many findings */
function checkRepository() {
  const files = sourceFiles(/^[^/]+\/.*\.ts$/);
  const folders = [...new Set(files.map((file) => file.split('/', 1)[0] ?? ''))];
  const report = cruise(ROOT, folders);
  for (const { from, to, rule } of report.summary.violations) {
    process.stdout.write(`${rule.name}: ${from} → ${to}\n`);
  }
  // Files that the cruise did not see are files whose imports nobody checked.
  const seen = new Set(report.modules.map((module) => module.source));
  const unseen = files.filter((file) => !seen.has(file) && !file.endsWith('.d.ts'));
  for (const file of unseen) process.stdout.write(`not looked at: ${file}\n`);
  process.stdout.write(
    `layers: ${String(files.length)} files, ${String(report.summary.violations.length)} violations\n`,
  );
  return report.summary.violations.length + unseen.length;
}

/** @returns {number} how many findings */
function checkRules() {
  const directory = mkdtempSync(join(tmpdir(), 'proofgate-layers-'));
  try {
    plantTree(directory);
    const report = cruise(directory, [
      ...new Set(PACKAGES.map((path) => path.split('/', 1)[0] ?? '')),
    ]);
    const findings = [...compareWithExpected(report), ...rulesWithoutViolation()];
    for (const finding of findings) process.stdout.write(`${finding}\n`);
    process.stdout.write(
      `layer rules: ${String(PLANTED.length)} planted imports, ${String(findings.length)} judged wrongly\n`,
    );
    return findings.length;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @param {string} directory */
function plantTree(directory) {
  /** @type {(path: string, text: string) => void} */
  const write = (path, text) => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  write('package.json', '{ "type": "module" }');
  copyFileSync(join(ROOT, 'tsconfig.base.json'), join(directory, 'tsconfig.base.json'));
  for (const target of TARGETS) write(target, 'export const x = 1;\n');
  write('node_modules/third-party/package.json', '{ "name": "third-party", "main": "index.js" }');
  write('node_modules/@noble/hashes/package.json', '{ "name": "@noble/hashes" }');
  mkdirSync(join(directory, 'node_modules/@proofgate'));
  for (const folder of PACKAGES) {
    const name = `@proofgate/${basename(folder)}`;
    const exports = {
      '.': { '@proofgate/source': './src/index.ts' },
      './*': { '@proofgate/source': './src/*/index.ts' },
    };
    write(`${folder}/package.json`, JSON.stringify({ name, type: 'module', exports }));
    symlinkSync(join(directory, folder), join(directory, 'node_modules', name));
  }
  for (const { file, imports } of PLANTED) {
    write(file, `import * as planted from '${imports}';\nexport const x: unknown = planted;\n`);
  }
}

/**
 * @param {Report} report
 * @returns {string[]}
 */
function compareWithExpected(report) {
  return PLANTED.flatMap(({ file, imports, rules }) => {
    const module = report.modules.find(({ source }) => source === file);
    if (module === undefined || module.dependencies.length !== 1) {
      return [`${file}: its import of ${imports} was not seen`];
    }
    const fired = report.summary.violations.filter(({ from }) => from === file);
    const names = [...new Set(fired.map(({ rule }) => rule.name))].sort().join(', ');
    const expected = [...rules].sort().join(', ');
    return names === expected
      ? []
      : [`${file} imports ${imports}: expected [${expected}], fired [${names}]`];
  });
}

/** @returns {string[]} */
function rulesWithoutViolation() {
  const config = /** @type {{ forbidden: { name: string }[] }} */ (
    createRequire(import.meta.url)(CONFIG)
  );
  const planted = new Set(PLANTED.flatMap(({ rules }) => rules));
  return config.forbidden
    .filter(({ name }) => !planted.has(name))
    .map(({ name }) => `rule ${name}: no violation of it is planted`);
}

function main() {
  process.exitCode = checkRepository() + checkRules() > 0 ? 1 : 0;
}

main();
