// SPDX-License-Identifier: Apache-2.0
// Finds comparisons that no test depends on. In a copy of the repository, every comparison, boolean operator, negation,
// condition, thrown error, refusal and bare call of the named files is made wrong, one at a time, and the tests that reach
// it run until one fails. What no test notices is a survivor.
//
//   node tools/mutate-comparisons.mjs [--minutes 20] [--workers 2] [--tests verifier/test]
//                                     [--without verifier/test/node] [--out results.json] [--again results.json]
//                                     [folder, file or pattern with one * …]
//
// `--without` leaves out tests: by default the connectors', which are slow and reach everything.
// `--again` takes earlier results and tries only what survived or was not run there.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { copyRepository, sourceFiles } from './mutation/copied-repository.mjs';
import { plantMutants } from './mutation/plant-mutants.mjs';
import { reachOf, startTrial } from './mutation/trial.mjs';

/** @typedef {import('./mutation/plant-mutants.mjs').Mutant} Mutant */

/** What decides whether a quote is accepted, most important first. */
const DCAP_PATH = [
  'verifier/src/dcap',
  'verifier/src/json',
  'verifier/src/x509',
  'verifier/src/check-binding.ts',
  'verifier/src/document',
  'verifier/src/policy/judge-*.ts',
  'verifier/src/crypto',
  'verifier/src/roots',
  'verifier/src/snp',
];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '20' },
    workers: { type: 'string', default: '2' },
    tests: { type: 'string', default: 'verifier/test' },
    without: { type: 'string', default: 'verifier/test/node' },
    out: { type: 'string', default: join(tmpdir(), 'mutation-results.json') },
    again: { type: 'string' },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'proofgate-mutants-'));
try {
  copyRepository(folder);
  const files = sourceFiles(positionals.length > 0 ? positionals : DCAP_PATH);
  const mutants = plantMutants(folder, files);
  if (options.again !== undefined) takeOver(mutants, options.again);
  await tryAll(mutants);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/**
 * Keeps what an earlier run killed.
 *
 * @param {Mutant[]} mutants
 * @param {string} file its results
 */
function takeOver(mutants, file) {
  /** @type {Mutant[]} */
  const earlier = JSON.parse(readFileSync(file, 'utf8'));
  const killed = new Map(
    earlier.filter((one) => one.outcome === 'killed').map((one) => [one.key, one]),
  );
  for (const mutant of mutants) {
    const { outcome, killedBy } = killed.get(mutant.key) ?? mutant;
    Object.assign(mutant, { outcome, killedBy });
  }
}

/** @param {Mutant[]} mutants */
async function tryAll(mutants) {
  const started = Date.now();
  const reach = await reachOf(folder, options.tests, options.without);
  const queue = mutants.filter((mutant) => mutant.outcome === 'not run');
  console.log(`${queue.length} of ${mutants.length} mutants, ${reach.length} test files`);

  const until = started + Number(options.minutes) * 60_000;
  const work = Array.from({ length: Number(options.workers) }, async (_, index) => {
    const trial = startTrial(folder, index, reach);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (Date.now() < until) await trial.run(next);
      if (next.outcome === 'survived') console.log(`  survived: ${describe(next)}`);
    }
    trial.end();
  });
  await Promise.all(work);
  writeFileSync(options.out, `${JSON.stringify(mutants, undefined, 1)}\n`);
  report(mutants, (Date.now() - started) / 60_000);
}

/**
 * @param {Mutant[]} mutants
 * @param {number} minutes
 */
function report(mutants, minutes) {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  /** @type {Map<string, Record<Mutant['outcome'], number>>} */
  const table = new Map();
  for (const { file, outcome } of mutants) {
    const row = table.get(file) ?? { killed: 0, survived: 0, 'not reached': 0, 'not run': 0 };
    row[outcome] += 1;
    table.set(file, row);
  }
  console.table(Object.fromEntries(table));
  for (const mutant of mutants) {
    if (mutant.outcome !== 'killed') console.log(`${mutant.outcome}: ${describe(mutant)}`);
  }
  const killed = mutants.filter((mutant) => mutant.outcome === 'killed').length;
  const time = `${minutes.toFixed(1)} minutes`;
  console.log(`${killed} of ${mutants.length} killed at ${commit} in ${time}; ${options.out}`);
}

/** @param {Mutant} mutant */
function describe({ file, line, change, code }) {
  return `${file}:${line}  ${change}  ${code}`;
}
