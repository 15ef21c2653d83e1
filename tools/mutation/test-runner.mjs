// SPDX-License-Identifier: Apache-2.0
// The child process of a trial: one Vitest that runs one test file at a time and keeps what it has transformed.
import { createVitest } from 'vitest/node';

const vitest = await createVitest(
  'test',
  { project: ['unit'], watch: false, bail: 1, pool: 'threads', maxWorkers: 1, reporters: [{}] },
  { server: { watch: null } },
);
/** @type {Map<string, import('vitest/node').TestSpecification>} */
const specifications = new Map();

process.on('disconnect', () => process.exit());
process.on(
  'message',
  /** @param {{ list: string } | { test: string }} question */
  (question) => {
    const answer = 'list' in question ? list(question.list) : run(question.test);
    void answer.then((text) => process.send?.(text));
  },
);

/** @param {string} tests */
async function list(tests) {
  for (const found of await vitest.globTestSpecifications([tests])) {
    specifications.set(found.moduleId, found);
  }
  return [...specifications.keys()];
}

/** @param {string} test */
async function run(test) {
  if (!specifications.has(test)) await list(test);
  const specification = specifications.get(test);
  if (specification === undefined) throw new Error(`no such test: ${test}`);
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications([specification]);
  // Earlier runs are in the result as well.
  const module = testModules.find(({ moduleId }) => moduleId === test);
  if (module?.ok() === true && unhandledErrors.length === 0) return 'passed';
  const failed = [...(module?.children.allTests('failed') ?? [])];
  const reasons = failed.flatMap((one) => [one.fullName, ...(one.result().errors ?? [])]);
  return ['failed', ...reasons, ...(module?.errors() ?? []), ...unhandledErrors]
    .map(text)
    .join('\n');
}

/** @param {unknown} error */
function text(error) {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : String(error);
}
