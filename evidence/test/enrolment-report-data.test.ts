// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { enrolmentReportData, toHex, type EnrolmentBinding } from '@proofgate/evidence';

const BINDING: EnrolmentBinding = {
  purpose: 'enrol',
  host: 'prod1.example.com',
  spki: Uint8Array.from({ length: 91 }, (_, index) => index),
  nonce: new Uint8Array(32).fill(7),
};

describe('report data of an enrolment', () => {
  it('is the hash that the formula says, computed with another library', () => {
    const lp = (bytes: Uint8Array): Buffer => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return Buffer.concat([length, bytes]);
    };
    const expected = createHash('sha512')
      .update('proofgate/ca-enrolment/v1')
      .update(lp(Buffer.from('enrol')))
      .update(lp(Buffer.from('prod1.example.com')))
      .update(lp(createHash('sha256').update(BINDING.spki).digest()))
      .update(lp(BINDING.nonce))
      .digest('hex');
    expect(toHex(enrolmentReportData(BINDING))).toBe(expected);
  });

  it.each([
    ['purpose', { purpose: 'renew' }],
    ['host', { host: 'prod2.example.com' }],
    ['key', { spki: new Uint8Array(91) }],
    ['nonce', { nonce: new Uint8Array(32) }],
  ] as const)('differs with the %s', (_, change) => {
    expect(enrolmentReportData({ ...BINDING, ...change })).not.toEqual(
      enrolmentReportData(BINDING),
    );
  });

  it('needs a nonce of 32 bytes', () => {
    for (const length of [0, 31, 33]) {
      expect(() => enrolmentReportData({ ...BINDING, nonce: new Uint8Array(length) })).toThrow(
        expect.objectContaining({ code: 'ERR_REPORT_DATA_INPUT' }),
      );
    }
  });
});
