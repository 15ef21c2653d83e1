// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { APP } from './example-files.ts';
import { problemsOf, withContainers } from './rule-cases.ts';

const container = (name: string, port: number, ...depends_on: string[]): object => ({
  ...APP,
  name,
  port,
  depends_on,
});

test('containers that form no circle may depend on each other in any way', () => {
  const file = withContainers(
    container('a', 1, 'b', 'c', 'd'),
    container('b', 2, 'd'),
    container('c', 3, 'd'),
    container('d', 4),
  );
  expect(problemsOf(file)).toEqual([]);
});

test('a circle is named at each of its containers, and at no other', () => {
  const file = withContainers(
    container('a', 1, 'b'),
    container('b', 2, 'd', 'c'),
    container('c', 3, 'a'),
    container('d', 4),
    container('e', 5, 'a'),
  );
  const circle = 'each waits for the next, none can start:';
  expect(problemsOf(file)).toEqual([
    `containers.0.depends_on.0: ${circle} a, b, c, a`,
    `containers.1.depends_on.1: ${circle} b, c, a, b`,
    `containers.2.depends_on.0: ${circle} c, a, b, c`,
  ]);
});
