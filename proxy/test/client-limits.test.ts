// SPDX-License-Identifier: Apache-2.0
import { parseAddressRange } from '@proofgate/api';
import { describe, expect, it } from 'vitest';
import { addressKey } from '../src/limits/address-key.ts';
import { addressMatcher } from '../src/limits/address-matcher.ts';
import { ClientLimits, MAX_IDLE_ADDRESSES } from '../src/limits/client-limits.ts';
import { BURST_SECONDS, MAX_DEBT_MS, Meter } from '../src/limits/meter.ts';
import { RecentMap } from '../src/limits/recent-map.ts';
import { REPORT_PAUSE_MS, SparseReports } from '../src/limits/sparse-reports.ts';
import { QuoteRates } from '../src/quoting/quote-rates.ts';

const HOST = 'app.example.com';

function taken(meter: Meter, perSecond: number, now: number): number {
  let count = 0;
  while (meter.take(perSecond, now)) count += 1;
  return count;
}

describe('a rate', () => {
  it('allows a burst, then so many a second, then a burst again', () => {
    const meter = new Meter();
    expect(taken(meter, 10, 0)).toBe(10 * BURST_SECONDS);
    expect(taken(meter, 10, 99)).toBe(0);
    expect(taken(meter, 10, 100)).toBe(1);
    expect(taken(meter, 10, 1_100)).toBe(10);
    expect(taken(meter, 10, 1e9)).toBe(10 * BURST_SECONDS);
  });

  it('holds over any time, however the questions are spread', () => {
    const meter = new Meter();
    let count = 0;
    for (let now = 0; now <= 60_000; now += 7) count += Number(meter.take(3, now));
    // The last one may just not be due yet.
    expect(3 * (60 + BURST_SECONDS) - count).toBeLessThanOrEqual(1);
    expect(count).toBeLessThanOrEqual(3 * (60 + BURST_SECONDS));
  });

  it('is over when more was sent than it allows, until that is paid for, but not for ever', () => {
    const meter = new Meter();
    meter.charge(1_000 * BURST_SECONDS, 1_000, 0);
    expect(meter.isOver(0)).toBe(false);
    meter.charge(2_000, 1_000, 0);
    expect(meter.isOver(1_999)).toBe(true);
    expect(meter.isOver(2_000)).toBe(false);
    meter.charge(1e12, 1_000, 2_000);
    expect(meter.isOver(2_000 + MAX_DEBT_MS - 1)).toBe(true);
    expect(meter.isOver(2_000 + MAX_DEBT_MS)).toBe(false);
  });
});

describe('the name that a client is counted under', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['unknown', 'unknown'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['2001:0db8::0:1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['1::2:3:4:5:6:7', '1:0:2:3::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
  ])('of %s is %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});

describe('addresses that are exempt', () => {
  const isExempt = addressMatcher(['10.0.0.0/8', '2001:db8::/32', '::1'].map(parseAddressRange));

  it.each(['10.1.2.3', '2001:db8:9::1', '::1'])('hold %s', (address) => {
    expect(isExempt(address)).toBe(true);
  });

  it.each(['11.0.0.1', '2001:db9::1', '::2', 'unknown'])('do not hold %s', (address) => {
    expect(isExempt(address)).toBe(false);
  });
});

describe('a map of bounded size', () => {
  it('forgets what was not used for longest', () => {
    let made = 0;
    const map = new RecentMap(2, () => (made += 1));
    expect([map.use('a'), map.use('b'), map.use('a'), map.use('c')]).toEqual([1, 2, 1, 3]);
    expect(map.size).toBe(2);
    expect([map.use('a'), map.use('b')]).toEqual([1, 4]);
  });
});

describe('reports of what happens too often', () => {
  it('come once in a while, with the number of those that did not', () => {
    let now = 0;
    const reports = new SparseReports(() => now);
    expect([reports.next('a'), reports.next('a'), reports.next('a'), reports.next('b')]).toEqual([
      0,
      undefined,
      undefined,
      0,
    ]);
    now = REPORT_PAUSE_MS;
    expect(reports.next('a')).toBe(2);
  });
});

describe('limits for one address', () => {
  const A = '192.0.2.1';
  const B = '192.0.2.2';
  const setup = (limits: object): ClientLimits =>
    new ClientLimits({ exempt: [parseAddressRange('10.0.0.0/8')], ...limits }, () => undefined);

  it('count connections until they close', () => {
    const limits = setup({ connections: 2 });
    const [first, second, third] = [{}, {}, {}];
    expect(limits.enter(first, A, 0)).toBeUndefined();
    expect(limits.enter(second, A, 0)).toBeUndefined();
    expect(limits.enter(third, A, 0)).toBe('ERR_PROXY_TOO_MANY_CONNECTIONS');
    expect(limits.enter({}, B, 0)).toBeUndefined();
    for (let n = 0; n < 9; n += 1) expect(limits.enter({}, '10.0.0.1', 0)).toBeUndefined();
    limits.close(third);
    limits.close(second);
    limits.close(second);
    expect(limits.enter({}, A, 0)).toBeUndefined();
    expect(limits.enter({}, A, 0)).toBe('ERR_PROXY_TOO_MANY_CONNECTIONS');
  });

  it('remember what an address has used up after its last connection', () => {
    const limits = setup({ handshakes: 1 });
    for (let n = 0; n < BURST_SECONDS; n += 1) {
      const connection = {};
      expect(limits.enter(connection, A, 0)).toBeUndefined();
      limits.close(connection);
    }
    expect(limits.enter({}, A, 0)).toBe('ERR_PROXY_TOO_MANY_HANDSHAKES');
    expect(limits.enter({}, A, 1_000)).toBeUndefined();
  });

  it('remember a bounded number of addresses, and all that have connections', () => {
    const limits = setup({ connections: 1, handshakes: 1 });
    expect(limits.enter({}, A, 0)).toBeUndefined();
    for (let n = 0; n < MAX_IDLE_ADDRESSES + 10; n += 1) {
      const connection = {};
      const address = `2001:db8:${(n >> 8).toString(16)}:${(n & 255).toString(16)}::1`;
      expect(limits.enter(connection, address, 0)).toBeUndefined();
      limits.close(connection);
    }
    expect(limits.enter({}, A, 0)).toBe('ERR_PROXY_TOO_MANY_CONNECTIONS');
  });

  it('count requests and content over all connections of the address', () => {
    const limits = setup({ requests: 1, contentBytes: 1_024 });
    const [one, other, stranger] = [{}, {}, {}];
    limits.enter(one, A, 0);
    limits.enter(other, A, 0);
    limits.enter(stranger, B, 0);
    limits.budgetOf(one)?.charge(1_024 * (BURST_SECONDS + 1), 0);
    expect(limits.budgetOf(other)?.request(999)).toBe('ERR_PROXY_TOO_MUCH_CONTENT');
    for (let n = 0; n < BURST_SECONDS; n += 1) {
      expect(limits.budgetOf(n % 2 === 0 ? one : other)?.request(1_000)).toBeUndefined();
    }
    expect(limits.budgetOf(other)?.request(1_000)).toBe('ERR_PROXY_TOO_MANY_REQUESTS');
    expect(limits.budgetOf(stranger)?.request(1_000)).toBeUndefined();
  });
});

describe('limits for one host', () => {
  it('are those of the moment, and gone with it', () => {
    let bound: { connections: number } | undefined = { connections: 1 };
    const limits = new ClientLimits(undefined, (host) => (host === HOST ? bound : undefined));
    const first = {};
    expect(limits.enterHost(first, HOST, 0)).toBeUndefined();
    expect(limits.enterHost({}, HOST, 0)).toBe('ERR_PROXY_TOO_MANY_CONNECTIONS');
    expect(limits.enterHost({}, 'other.example.com', 0)).toBeUndefined();
    bound = { connections: 2 };
    expect(limits.enterHost({}, HOST, 0)).toBeUndefined();
    bound = undefined;
    limits.close(first);
    limits.forgetHosts();
    expect(limits.enterHost({}, HOST, 0)).toBeUndefined();
  });
});

describe('rates of questions for evidence', () => {
  it('hold for an address and for a host', () => {
    const exempt = [parseAddressRange('127.0.0.0/8')];
    const rates = new QuoteRates({ perAddress: 1, perHost: 2, exempt });
    const ask = (address: string, host = HOST): boolean => rates.take(address, host, 0);
    const answers = Array.from({ length: BURST_SECONDS + 1 }, () => ask('192.0.2.1'));
    expect(answers).toEqual([...Array.from({ length: BURST_SECONDS }, () => true), false]);
    const others = Array.from({ length: BURST_SECONDS + 1 }, () => ask('127.0.0.1'));
    expect(others).toEqual([...Array.from({ length: BURST_SECONDS }, () => true), false]);
    expect(ask('127.0.0.1', 'other.example.com')).toBe(true);
  });
});
