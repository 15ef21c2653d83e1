// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { exactDate } from '../src/exact-date.ts';

describe('a time in JSON', () => {
  it.each(['2026-06-08T11:32:35Z', '2024-02-29T23:59:59Z', '1970-01-01T00:00:00Z'])(
    'is %s',
    (text) => {
      expect(exactDate(text)).toEqual(new Date(text));
    },
  );

  it.each([
    ['no text', ''],
    ['a day alone', '2026-06-08'],
    ['no zone', '2026-06-08T11:32:35'],
    ['another zone', '2026-06-08T11:32:35+00:00'],
    ['milliseconds', '2026-06-08T11:32:35.000Z'],
    ['a lower-case zone', '2026-06-08T11:32:35z'],
    ['a space', '2026-06-08 11:32:35Z'],
    ['a day that does not exist', '2026-02-30T11:32:35Z'],
    ['29 February of a common year', '2026-02-29T11:32:35Z'],
    ['hour 24', '2026-06-08T24:00:00Z'],
    ['a leap second', '2016-12-31T23:59:60Z'],
    ['words', 'Mon, 08 Jun 2026 11:32:35 GMT'],
    ['a long year', '+002026-06-08T11:32:35Z'],
  ])('is not %s', (_what, text) => {
    expect(exactDate(text)).toBeUndefined();
  });
});
