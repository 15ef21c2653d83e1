// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  challengeReportData,
  deterministicReportData,
  formatQuoteTime,
  fromHex,
  MAX_NONCE_BYTES,
  MIN_NONCE_BYTES,
  SESSION_CLIENT_EXPORTER_LABEL,
  SESSION_EXPORTER_LABEL,
  sessionReportData,
  sha256,
  toHex,
  utf8,
} from '@proofgate/evidence';
import { refusal } from './refusal.ts';

const MISUSE = 'ERR_REPORT_DATA_INPUT';

// Vectors of RA-TLS v1 and v2, with the generator of P-256 as the public key.
const spki = fromHex(
  '3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
);
const nonce = fromHex('deadbeefcafebabe01020304050607081020304050607080aabbccddeeff0011');
const binder = Uint8Array.from({ length: 32 }, (_, index) => 0x40 + index);
const gpu = fromHex(`50474145010100000020${'aa'.repeat(32)}`);
const none = new Uint8Array();

describe('vectors of RA-TLS v1', () => {
  it('hash the same inputs', () => {
    expect(toHex(sha256(spki))).toBe(
      '5cd252fb0ce8932436faf8ccd1040981b89ee4ad6b9fe9e2a2b7e71aacb27cd3',
    );
    expect(toHex(sha256(gpu))).toBe(
      '17d9ffa0921c9051a03de299f5a1c04a64bcbf9e4bb216a30147b503d92f90ec',
    );
  });

  const minute = new Date('2026-07-21T09:30:00Z');
  it.each([
    [
      'deterministic',
      deterministicReportData(spki, minute),
      '5ae1fcdcfee5973c4f9afecdad2ccb5e0426f92b772ad879b7ca21db9269202b971770532620cbf5f7c18d4cb8e6c59d64eaab1da93f4c0645ebc1a69c5d3535',
    ],
    [
      'nonce only',
      challengeReportData(spki, nonce),
      '4e7417a5a805d06851005163eca7e7b05f511af48ac1b9f53f87aacc3844eb103451fc804ae19f0635cf67e78cbdeecf47220d594a90d6e4eaba201df46a43d8',
    ],
    [
      'challenge',
      challengeReportData(spki, nonce, binder),
      'b994b39a2855296aa564646357c3d50570007fe4c4eef21cb960e73b242009364439708d4e3dcf7eefed353b3ea97a4b812e7b1867f489244db10e27a75e9232',
    ],
    [
      'binder only',
      challengeReportData(spki, none, binder),
      '3d2099de85ea140a2c8352533aae9384fff7596ce55fcbebe559c110112182730464e860b7d516482d459ea113c2497183fdc47ab12e0c4d4a3fa06405259f43',
    ],
    [
      'deterministic with GPU',
      deterministicReportData(spki, minute, gpu),
      '2b42e55941ab67668ded047bdda330b06e0c27b86c710f0e94565f519e3112e35f60ed6e8fbd79b3e8328218745e716fa88320cc39f13adcbe961d92ddb09048',
    ],
    [
      'challenge with GPU',
      challengeReportData(spki, nonce, binder, gpu),
      'be153b45d3b3f5ee8a0aeba72d097639c3eaf29209c2b5a40944851432119a74407e30aef428a98a3ff443127693264488e64b4c009f505ef757c280ecb8d591',
    ],
  ])('%s', (_, reportData, expected) => {
    expect(toHex(reportData)).toBe(expected);
  });
});

describe('vectors of RA-TLS v2', () => {
  const context = new Uint8Array(32).fill(0xc0);
  const exported = new Uint8Array(32).fill(0xe1);
  const envelope = utf8('PGAE\u0001 gpu evidence envelope');
  const minute = new Date('2026-09-04T10:15:00Z');

  it('use the same GPU bytes', () => {
    expect(toHex(envelope)).toBe('5047414501206770752065766964656e636520656e76656c6f7065');
  });

  it.each([
    [
      'deterministic',
      deterministicReportData(spki, minute),
      'fa01dc80f3f7d06d5e373a1255a8eb8d88f7978ef59724511b7058f6c638c166c79c5741e468db837ae6238af80f69b74ae1a8d5953144ff08bb9be6aa74ffd3',
    ],
    [
      'deterministic with GPU',
      deterministicReportData(spki, minute, envelope),
      'ede4ca840d180b25a70bde5bffa234938f70f3e89d17f54371da4d221e1ac559e2d9cb6e789622e51bdb879f6fab3989ec61c82b6fcf176a81b44058588e48b2',
    ],
    [
      'challenge',
      sessionReportData(spki, context, exported),
      'a6589a1921832ec7a6fc1f8f7d3e1ed298852c1c2a71a62153d4c74f160ee468ff3a98b1c3e2c50ff428d74c756f115f10bf9dc32f14a0769ee720a9ee51726d',
    ],
    [
      'challenge with GPU',
      sessionReportData(spki, context, exported, envelope),
      '733486e60eef1f8e24d764988cc00e9591b6e02d38d69940f3691ead90c2664be940fbfdd4a91b032ed7cacc050378bf4bb109c8f4b2e277cd248b2fd1f9b706',
    ],
  ])('%s', (_, reportData, expected) => {
    expect(toHex(reportData)).toBe(expected);
  });

  it('demand a session secret', () => {
    const compose = (c: Uint8Array, e: Uint8Array): string =>
      refusal(() => sessionReportData(spki, c, e));
    expect(compose(context, exported)).toBe('accepted');
    expect(compose(context.subarray(1), exported)).toBe(MISUSE);
    expect(compose(context, exported.subarray(1))).toBe(MISUSE);
    expect(compose(context, none)).toBe(MISUSE);
    expect(compose(context, new Uint8Array(32))).toBe(MISUSE);
  });

  it('have a label for each direction', () => {
    expect(SESSION_CLIENT_EXPORTER_LABEL).toBe(`${SESSION_EXPORTER_LABEL}-client`);
  });
});

describe('inputs', () => {
  it('limit the nonce', () => {
    const compose = (size: number, withBinder?: Uint8Array): string =>
      refusal(() => challengeReportData(spki, new Uint8Array(size).fill(1), withBinder));
    expect([compose(MIN_NONCE_BYTES), compose(MAX_NONCE_BYTES)]).toEqual(['accepted', 'accepted']);
    expect([compose(MIN_NONCE_BYTES - 1), compose(MAX_NONCE_BYTES + 1)]).toEqual([MISUSE, MISUSE]);
    expect([compose(0), compose(0, binder)]).toEqual([MISUSE, 'accepted']);
    expect(compose(7, binder)).toBe(MISUSE);
  });

  it('demand a binder that is one', () => {
    const compose = (value: Uint8Array): string =>
      refusal(() => challengeReportData(spki, nonce, value));
    expect(compose(binder)).toBe('accepted');
    expect(compose(binder.subarray(1))).toBe(MISUSE);
    expect(compose(new Uint8Array(32))).toBe(MISUSE);
  });

  it('demand a whole SubjectPublicKeyInfo', () => {
    const compose = (key: Uint8Array): string =>
      refusal(() => deterministicReportData(key, new Date(0)));
    expect(compose(spki)).toBe('accepted');
    expect(compose(spki.subarray(-65))).toBe(MISUSE);
    expect(compose(Uint8Array.of(...spki, 0))).toBe(MISUSE);
    expect(compose(none)).toBe(MISUSE);
  });
});

describe('quote time', () => {
  it('is the minute in UTC', () => {
    expect(formatQuoteTime(new Date('2026-07-21T11:30:59.999+02:00'))).toBe('2026-07-21T09:30Z');
    expect(formatQuoteTime(new Date('0001-02-03T04:05:06Z'))).toBe('0001-02-03T04:05Z');
  });

  it('needs a year of four digits', () => {
    expect(refusal(() => formatQuoteTime(new Date('+010000-01-01T00:00:00Z')))).toBe(MISUSE);
    expect(refusal(() => formatQuoteTime(new Date('9999-12-31T23:59:59Z')))).toBe('accepted');
    expect(refusal(() => formatQuoteTime(new Date(Number.NaN)))).toBe(MISUSE);
  });
});
