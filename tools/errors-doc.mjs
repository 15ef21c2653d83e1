// SPDX-License-Identifier: Apache-2.0
// Writes docs/errors.md out of the error tables that the packages export; with --check it compares instead.
// Needs a build.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { ROOT } from './prepare.mjs';

const FILE = 'docs/errors.md';

/**
 * @typedef {readonly [family: string, summary: string]} Row
 * @typedef {{ package: string, codes: [string, Row][] }} Section
 * @typedef {{ name: string, exports?: Record<string, { default?: string }> }} Manifest
 */

const HEAD = `<!-- Made by tools/errors-doc.mjs out of the packages' error tables: npm run docs -->

# Error codes

Every refusal carries one of these codes, in \`error.code\`, in logs and in \`--json\` output. A code is never renamed or
reused. The family says who has to act:

| family | meaning |
|---|---|
| \`rejected\` | what was presented is refused; trying again with the same input gives the same answer |
| \`unavailable\` | something that is needed cannot be reached or is not ready; trying again may help |
| \`misuse\` | the caller of the function, or the author of the configuration, has to change something |
`;

/** @returns {Promise<Section[]>} */
async function readTables() {
  const { workspaces } = /** @type {{ workspaces: string[] }} */ (readJson('package.json'));
  /** @type {Section[]} */
  const sections = [];
  for (const folder of workspaces) {
    const manifest = /** @type {Manifest} */ (readJson(join(folder, 'package.json')));
    // Programs without an entry have no codes of their own.
    const entry = manifest.exports?.['.']?.default;
    if (entry === undefined) continue;
    const url = pathToFileURL(join(ROOT, folder, entry)).href;
    const exports = /** @type {Record<string, Record<string, Row>>} */ (await import(url));
    for (const [exported, table] of Object.entries(exports)) {
      if (exported.endsWith('_ERRORS')) {
        sections.push({ package: manifest.name, codes: Object.entries(table) });
      }
    }
  }
  return sections;
}

/**
 * @param {string} path
 * @returns {unknown}
 */
function readJson(path) {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
}

/**
 * @param {readonly Section[]} sections
 * @returns {string[]} what is wrong with the tables themselves
 */
function checkTables(sections) {
  const seen = new Map();
  return sections.flatMap((section) =>
    section.codes.flatMap(([code, [family, summary]]) => {
      const problems = [];
      if (!/^ERR_[A-Z0-9]+(_[A-Z0-9]+)+$/.test(code)) problems.push(`${code}: not an error code`);
      if (!['rejected', 'unavailable', 'misuse'].includes(family)) {
        problems.push(`${code}: ${family} is not a family`);
      }
      if (summary.trim() === '') problems.push(`${code}: says nothing`);
      if (seen.has(code)) {
        problems.push(`${code}: in ${String(seen.get(code))} and in ${section.package}`);
      }
      seen.set(code, section.package);
      return problems;
    }),
  );
}

/** @param {readonly Section[]} sections */
function render(sections) {
  const parts = sections.map(({ package: name, codes }) => {
    const rows = [...codes]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([code, [family, summary]]) => `| \`${code}\` | ${family} | ${escapeCell(summary)} |`);
    return [`## ${name}`, '', '| code | family | when |', '|---|---|---|', ...rows, ''].join('\n');
  });
  return [HEAD, ...parts].join('\n');
}

/** @param {string} text */
function escapeCell(text) {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** @param {string} file */
function readIfPresent(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

async function main() {
  const sections = await readTables();
  const problems = checkTables(sections);
  const file = join(ROOT, FILE);
  const text = await format(render(sections), { ...(await resolveConfig(file)), filepath: file });
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readIfPresent(file) !== text) {
    problems.push(`${FILE} differs from the error tables: run npm run docs`);
  }
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  const count = sections.reduce((sum, { codes }) => sum + codes.length, 0);
  process.stdout.write(
    `error codes: ${String(count)} in ${String(sections.length)} packages, ${String(problems.length)} problems\n`,
  );
  process.exitCode = problems.length > 0 || count === 0 ? 1 : 0;
}

await main();
