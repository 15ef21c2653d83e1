// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { OneByOne } from '../../src/supervision/one-by-one.ts';

test('what is asked for begins when the one before has ended, in whatever way', async () => {
  const turns = new OneByOne();
  const seen: string[] = [];
  const work = (name: string, fails = false) =>
    turns.run(async () => {
      seen.push(`${name} begins`);
      await Promise.resolve();
      seen.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const results = await Promise.allSettled([work('a'), work('b', true), work('c')]);
  expect(results).toMatchObject([{ value: 'a' }, { reason: { message: 'b' } }, { value: 'c' }]);
  const order = ['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]);
  expect(seen).toEqual(order);
});
