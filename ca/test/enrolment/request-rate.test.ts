// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { RequestRate } from '../../src/enrolment/request-rate.ts';
import { AT } from '../pki.ts';

describe('the rate of requests', () => {
  it.each([
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', true],
    ['2001:db8:1:2::1', '2001:DB8:0001:2::', true],
    ['2001:db8::1', '2001:db8:0:0:1::', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['fe80::1%eth0', 'fe80::2', true],
    ['::ffff:192.0.2.1', '192.0.2.1', true],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2', false],
    ['192.0.2.1', '192.0.2.2', false],
  ])('%s and %s share it: %s', (first, second, shared) => {
    const rate = new RequestRate({ burst: 1, perMinute: 1, clock: () => AT });
    expect(rate.take(first)).toBe(true);
    expect(rate.take(first)).toBe(false);
    expect(rate.take(second)).toBe(!shared);
  });

  it('takes nothing away when the clock is set back', () => {
    let now = AT;
    const rate = new RequestRate({ burst: 2, perMinute: 2, clock: () => now });
    expect(rate.take('192.0.2.1')).toBe(true);
    now = new Date(AT.getTime() - 3_600_000);
    expect(rate.take('192.0.2.1')).toBe(true);
    expect(rate.take('192.0.2.1')).toBe(false);
    now = new Date(now.getTime() + 60_000);
    expect(rate.take('192.0.2.1')).toBe(true);
  });
});
