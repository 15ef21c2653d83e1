// SPDX-License-Identifier: Apache-2.0
// Runs test files against mutants. Each trial has a process of its own, which is ended when a mutant hangs it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {import('./plant-mutants.mjs').Mutant} Mutant
 * @typedef {{ file: string, ms: number, reached: ReadonlySet<number> }} TestFile
 */

const RUNNER = fileURLToPath(new URL('./test-runner.mjs', import.meta.url));
/** A test file takes a few seconds even on a loaded machine. What runs for longer hangs. */
const MAX_TEST_MS = 60_000;

// Read by the planted files: either one mutant is on, or none is and those that are reached are written down.
const SWITCH = `import { appendFileSync, readFileSync } from 'node:fs';
const [mode, value] = readFileSync(process.env.MUTATION_SWITCH, 'utf8').split(' ');
const seen = new Set();
const record = (id) => {
  if (!seen.has(id)) appendFileSync(value, id + '\\n');
  seen.add(id);
  return false;
};
export const mutant = mode === 'record' ? record : (id) => id === Number(value);
`;

/**
 * Runs every test file once without mutants.
 *
 * @param {string} folder with a planted copy of the repository in `main`
 * @param {string} tests which test files
 * @param {string} without which of those not
 * @returns {Promise<TestFile[]>} the fastest first
 */
export async function reachOf(folder, tests, without) {
  writeFileSync(join(folder, 'switch.mjs'), SWITCH);
  const runner = startRunner(folder, 'reach');
  /** @type {TestFile[]} */
  const found = [];
  const files = await runner.list(tests);
  for (const [index, file] of files.entries()) {
    if (without !== '' && file.includes(without)) continue;
    const out = join(folder, `reached-${index}`);
    runner.turn(`record ${out}`);
    const started = Date.now();
    // On a loaded machine a deadline can pass; a test that is really broken fails twice.
    const first = await runner.test(file);
    const result = first === 'passed' ? first : await runner.test(file);
    if (result !== 'passed') throw new Error(`${file} fails without a mutant: ${result}`);
    const reached = existsSync(out) ? readFileSync(out, 'utf8').trim().split('\n').map(Number) : [];
    found.push({ file, ms: Date.now() - started, reached: new Set(reached) });
  }
  runner.end();
  return found.sort((a, b) => a.ms - b.ms);
}

/**
 * Prepares to run mutants one after the other.
 *
 * @param {string} folder
 * @param {number} index of the trial, when several run at once
 * @param {TestFile[]} tests the fastest first
 */
export function startTrial(folder, index, tests) {
  let runner = startRunner(folder, `trial-${index}`);
  /** @type {Map<string, number>} kills by test and source file: what killed one mutant often kills the next */
  const kills = new Map();
  return {
    /** @param {Mutant} mutant whose outcome is set */
    async run(mutant) {
      /** @param {TestFile} test */
      const earlier = (test) => kills.get(`${test.file} ${mutant.file}`) ?? 0;
      runner.turn(`run ${mutant.id}`);
      mutant.outcome = 'survived';
      // Those that killed most come first, then the fastest: `tests` is in that order, and sorting keeps it.
      const reaching = tests.filter((test) => test.reached.has(mutant.id));
      if (reaching.length === 0) mutant.outcome = 'not reached';
      for (const { file } of reaching.sort((a, b) => earlier(b) - earlier(a))) {
        const result = await runner.test(file);
        if (result === 'passed') continue;
        mutant.outcome = 'killed';
        mutant.killedBy = `${relative(join(folder, 'main'), file)}${result === 'hung' ? ' (hung)' : ''}`;
        kills.set(`${file} ${mutant.file}`, (kills.get(`${file} ${mutant.file}`) ?? 0) + 1);
        if (result === 'hung') runner = startRunner(folder, `trial-${index}`);
        return;
      }
    },
    end() {
      runner.end();
    },
  };
}

/**
 * @param {string} folder
 * @param {string} name
 */
function startRunner(folder, name) {
  const file = join(folder, `switch-of-${name}`);
  const child = fork(RUNNER, [], {
    cwd: join(folder, 'main'),
    env: { ...process.env, MUTATION_SWITCH: file },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  /** @param {object} question */
  const ask = async (question) => {
    child.send(question);
    const [answer] = await once(child, 'message', { signal: AbortSignal.timeout(MAX_TEST_MS) });
    return answer;
  };
  return {
    /** @param {string} state */
    turn(state) {
      writeFileSync(file, state);
    },
    /**
     * @param {string} tests
     * @returns {Promise<string[]>}
     */
    async list(tests) {
      return ask({ list: tests });
    },
    /**
     * @param {string} test
     * @returns {Promise<string>} `passed`, `hung`, or `failed` and why
     */
    async test(test) {
      try {
        return await ask({ test });
      } catch {
        child.kill('SIGKILL');
        return 'hung';
      }
    },
    end() {
      child.disconnect();
    },
  };
}
