// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { countTests, summaryLine } from '../test-summary.mjs';

function file(status: string, ...results: string[]) {
  return { name: 'a.test.ts', status, assertionResults: results.map((status) => ({ status })) };
}

test('counts tests by their result', () => {
  const report = { testResults: [file('passed', 'passed', 'pending', 'todo'), file('passed')] };
  const counts = countTests(report, 0);
  expect(counts).toEqual({ passed: 1, failed: 0, skipped: 2 });
  expect(summaryLine(counts)).toBe('1 passed, 0 failed, 2 skipped');
});

test('a failed test counts once', () => {
  const counts = countTests({ testResults: [file('failed', 'passed', 'failed')] }, 1);
  expect(summaryLine(counts)).toBe('1 passed, 1 failed');
});

test('a file that cannot be loaded is a failure', () => {
  const report = { testResults: [file('failed'), file('passed', 'passed')] };
  expect(countTests(report, 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

test('an error outside every test is a failure', () => {
  const counts = countTests({ testResults: [file('passed', 'passed')] }, 1);
  expect(counts).toEqual({ passed: 1, failed: 1, skipped: 0 });
});
