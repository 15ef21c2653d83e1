// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import {
  formatHostPort,
  parseAddressRange,
  parseByteSize,
  parseDuration,
  parseHostname,
  parseHostPort,
  parseImageReference,
  parseUpstream,
  parseUser,
  parseVolume,
} from '@proofgate/api';
import { DIGEST } from './example-files.ts';

const refusal = (code: string): unknown => expect.objectContaining({ code, family: 'rejected' });

describe('parseDuration', () => {
  test.each([
    ['0s', 0],
    ['250ms', 250],
    ['5s', 5_000],
    ['10m', 600_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['PT24H', 86_400_000],
    ['P14D', 1_209_600_000],
    ['P2W', 1_209_600_000],
    ['P1DT2H3M4S', 93_784_000],
    ['PT5M', 300_000],
    ['36500d', 3_153_600_000_000],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    '',
    '5',
    's',
    '5 s',
    '1.5s',
    '-5s',
    '5S',
    '5w',
    'P',
    'PT',
    'P1DT',
    'P1M',
    'P1Y',
    'P1W1D',
    'p1d',
    '36501d',
    '5s ',
    '1h30m',
  ])('refuses "%s"', (text) => {
    expect(() => parseDuration(text)).toThrow(refusal('ERR_API_DURATION'));
  });
});

describe('parseByteSize', () => {
  test.each([
    ['0', 0],
    ['17', 17],
    ['17B', 17],
    ['1kB', 1_000],
    ['64KiB', 65_536],
    ['1MB', 1_000_000],
    ['1GiB', 1_073_741_824],
    ['1G', 1_073_741_824],
    ['500M', 524_288_000],
    ['9007199254740991', 9_007_199_254_740_991],
  ])('reads %s', (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes);
  });

  test.each([
    '',
    'GiB',
    '1.5GiB',
    '-1',
    '1gib',
    '1 GiB',
    '1 ',
    '1PB',
    '0x10',
    '9007199254740992',
    '9000TiB',
  ])('refuses "%s"', (text) => {
    expect(() => parseByteSize(text)).toThrow(refusal('ERR_API_BYTE_SIZE'));
  });
});

describe('parseHostname', () => {
  test.each([
    ['Example.COM', 'example.com'],
    ['localhost', 'localhost'],
    [`${'a'.repeat(63)}.org`, `${'a'.repeat(63)}.org`],
    ['1a.2b', '1a.2b'],
  ])('reads %s', (text, name) => {
    expect(parseHostname(text)).toBe(name);
  });

  test.each([
    '',
    '.',
    'a..b',
    'a.',
    '-a.b',
    'a-.b',
    'a_b',
    '*.a',
    '127.0.0.1',
    'a.1',
    `${'a'.repeat(64)}.org`,
    `${'a.'.repeat(126)}ab`,
    'ä.de',
    'a/b',
  ])('refuses "%s"', (text) => {
    expect(() => parseHostname(text)).toThrow(refusal('ERR_API_HOSTNAME'));
  });
});

describe('parseHostPort', () => {
  test.each([
    ['127.0.0.1:443', { host: '127.0.0.1', port: 443 }, '127.0.0.1:443'],
    ['[::1]:0', { host: '::1', port: 0 }, '[::1]:0'],
    ['[FE80::1]:65535', { host: 'fe80::1', port: 65_535 }, '[fe80::1]:65535'],
    ['Localhost:1', { host: 'localhost', port: 1 }, 'localhost:1'],
  ])('reads %s', (text, address, written) => {
    expect(parseHostPort(text)).toEqual(address);
    expect(formatHostPort(address)).toBe(written);
  });

  test.each([
    '',
    ':443',
    'a',
    'a:',
    'a:65536',
    'a:-1',
    '::1:443',
    '[::1]',
    '[a]:1',
    '999.0.0.1:1',
    'a:1:2',
    'a:1 ',
  ])('refuses "%s"', (text) => {
    expect(() => parseHostPort(text)).toThrow(refusal('ERR_API_HOST_PORT'));
  });
});

describe('parseUpstream', () => {
  test.each([
    ['http://127.0.0.1:9000', 'http', { kind: 'tcp', host: '127.0.0.1', port: 9000 }],
    ['http://[::1]:9000/', 'http', { kind: 'tcp', host: '::1', port: 9000 }],
    ['unix:/run/a.sock', 'http', { kind: 'unix', path: '/run/a.sock' }],
    ['unix:/run/a.sock', 'tcp', { kind: 'unix', path: '/run/a.sock' }],
    ['h2c://[::1]:9000', 'http', { kind: 'tcp', host: '::1', port: 9000, protocol: 'h2c' }],
    ['h2c+unix:/run/a.sock', 'http', { kind: 'unix', path: '/run/a.sock', protocol: 'h2c' }],
    ['db:5432', 'tcp', { kind: 'tcp', host: 'db', port: 5432 }],
    [`unix:/${'a'.repeat(106)}`, 'tcp', { kind: 'unix', path: `/${'a'.repeat(106)}` }],
  ] as const)('reads %s in mode %s', (text, mode, upstream) => {
    expect(parseUpstream(text, mode)).toEqual(upstream);
  });

  test.each([
    ['127.0.0.1:9000', 'http'],
    ['https://a:1', 'http'],
    ['http://a', 'http'],
    ['http://a:0', 'http'],
    ['http://a:1/path', 'http'],
    ['http://a:1?q', 'http'],
    ['http://u@a:1', 'http'],
    ['http://a:1', 'tcp'],
    ['h2c://a:1', 'tcp'],
    ['h2c+unix:/a', 'tcp'],
    ['h2c:unix:/a', 'http'],
    ['h2c+http://a:1', 'http'],
    ['h2c://a:1/path', 'http'],
    ['a:0', 'tcp'],
    ['unix:a.sock', 'tcp'],
    ['unix:/a\0', 'tcp'],
    [`unix:/${'a'.repeat(107)}`, 'tcp'],
  ] as const)('refuses %s in mode %s', (text, mode) => {
    expect(() => parseUpstream(text, mode)).toThrow(refusal('ERR_API_UPSTREAM'));
  });
});

describe('parseImageReference', () => {
  test.each([
    [`app@sha256:${DIGEST}`, 'app'],
    [`ghcr.io/a/b:1.2@sha256:${DIGEST}`, 'ghcr.io/a/b:1.2'],
    [`localhost:5000/a@sha256:${DIGEST}`, 'localhost:5000/a'],
    [`disk://app@sha256:${DIGEST}`, 'disk://app'],
  ])('reads %s', (text, name) => {
    expect(parseImageReference(text)).toEqual({ text, name, digest: DIGEST });
  });

  test.each([
    'app',
    'app:1',
    `@sha256:${DIGEST}`,
    `app@sha256:${DIGEST}0`,
    `app@sha256:${DIGEST.toUpperCase()}`,
    `app@sha512:${DIGEST}`,
    `app@sha256:${DIGEST}@sha256:${DIGEST}`,
    `disk://../app@sha256:${DIGEST}`,
    `a/../b@sha256:${DIGEST}`,
    `a//b@sha256:${DIGEST}`,
    `a b@sha256:${DIGEST}`,
    `${'a'.repeat(512)}@sha256:${DIGEST}`,
  ])('refuses %s', (text) => {
    expect(() => parseImageReference(text)).toThrow(refusal('ERR_API_IMAGE_REFERENCE'));
  });
});

describe('parseVolume', () => {
  test.each([
    ['/a:/b', { host: '/a', container: '/b', readOnly: false }],
    ['/a:/b:rw', { host: '/a', container: '/b', readOnly: false }],
    ['/a:/b:ro', { host: '/a', container: '/b', readOnly: true }],
    ['/..a:/b..', { host: '/..a', container: '/b..', readOnly: false }],
  ])('reads %s', (text, volume) => {
    expect(parseVolume(text)).toEqual(volume);
  });

  test.each([
    '',
    '/a',
    'a:/b',
    '/a:b',
    '/a:/b:x',
    '/a:/b:ro:z',
    '/a/../b:/c',
    '/a:/b/..',
    '/a:/b\0',
  ])('refuses "%s"', (text) => {
    expect(() => parseVolume(text)).toThrow(refusal('ERR_API_VOLUME'));
  });
});

describe('parseUser', () => {
  test('reads numbers', () => {
    expect(parseUser('0:4294967294')).toEqual({ uid: 0, gid: 4_294_967_294 });
  });

  test.each(['', '1', '1:', ':1', 'a:1', '1:2:3', '-1:0', '4294967295:0', '0:4294967295'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseUser(text)).toThrow(refusal('ERR_API_USER'));
    },
  );
});

describe('parseAddressRange', () => {
  test.each([
    ['192.0.2.1', { address: '192.0.2.1', family: 4, prefix: 32 }],
    ['10.0.0.0/8', { address: '10.0.0.0', family: 4, prefix: 8 }],
    ['0.0.0.0/0', { address: '0.0.0.0', family: 4, prefix: 0 }],
    ['2001:db8::/32', { address: '2001:db8::', family: 6, prefix: 32 }],
    ['::1', { address: '::1', family: 6, prefix: 128 }],
  ])('reads %s', (text, range) => {
    expect(parseAddressRange(text)).toEqual(range);
  });

  test.each([
    ...['', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/08', '10.0.0/8', '/8', 'lb.example.com'],
    ...['10.0.0.0/8/8', '::/129', 'fe80::1%eth0', '[::1]', '10.0.0.0 /8'],
  ])('refuses %j', (text) => {
    expect(() => parseAddressRange(text)).toThrow(refusal('ERR_API_ADDRESS_RANGE'));
  });
});
