// SPDX-License-Identifier: Apache-2.0
// `npm run fuzz`: the fuzz tests with more inputs than all tests together can afford, and other ones every time.
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startVitest } from 'vitest/node';

const USAGE = `usage: npm run fuzz [-- OPTIONS]

Feeds every parser with changed inputs. Without options as many as a long run needs, chosen anew.

  --runs N      inputs for each parser (default 200000); verification, which is slower, gets a share of them
  --only NAME   one parser, by a part of its name
  --seed N      the inputs of an earlier run: it printed its seed
  --path PATH   one input of it: a failure printed its path; together with --only and --seed
`;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200000' },
    only: { type: 'string' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    path: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(USAGE);
} else {
  for (const name of /** @type {const} */ (['runs', 'seed'])) {
    if (/^[1-9][0-9]{0,9}$/.test(values[name])) continue;
    throw new Error(`--${name} is not a number: ${values[name]}`);
  }
  // The tests run in processes of their own, which take these over.
  process.env['PROOFGATE_FUZZ_RUNS'] = values.runs;
  process.env['PROOFGATE_FUZZ_SEED'] = values.seed;
  if (values.path !== undefined) process.env['PROOFGATE_FUZZ_PATH'] = values.path;
  process.stdout.write(`fuzz: ${values.runs} inputs, seed ${values.seed}\n`);
  const vitest = await startVitest('test', ['test/fuzz'], {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    project: 'system',
    watch: false,
    ...(values.only === undefined ? {} : { testNamePattern: escape(values.only) }),
  });
  await vitest.close();
}

/** @param {string} text to be found as it is by a regular expression */
function escape(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
