// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { dependents, startOrder } from '../../src/supervision/start-order.ts';

const workload = (
  name: string,
  ...depends_on: string[]
): { name: string; depends_on: string[] } => ({
  name,
  depends_on,
});
const WORKLOADS = [
  workload('web', 'api', 'cache'),
  workload('api', 'db'),
  workload('db'),
  workload('cache'),
];

test('a workload comes after what it depends on', () => {
  expect(startOrder(WORKLOADS)).toEqual(['db', 'api', 'cache', 'web']);
  expect(startOrder([workload('a', 'gone')])).toEqual(['a']);
});

test('what depends on a workload is known', () => {
  expect([...dependents(WORKLOADS)]).toEqual([
    ['api', ['web']],
    ['cache', ['web']],
    ['db', ['api']],
  ]);
});
