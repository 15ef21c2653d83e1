// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  decodePem,
  fromHex,
  parseCertificate,
  parseSnpReport,
  SNP_REPORT_BYTES,
  toHex,
} from '@proofgate/evidence';
import { missingRealData, realBytes, realReports, realText, realTitle } from './real-data.ts';
import { refusal } from './refusal.ts';

describe.skipIf(missingRealData)(realTitle('real SNP reports'), () => {
  it.each(realReports)('$name', (expected) => {
    const bytes = realBytes(`snp/${expected.report}`);
    const report = parseSnpReport(bytes);
    expect(report.version).toBe(expected.version);
    expect(report.signingKey).toBe(expected.signing_key.toLowerCase());
    expect(report.policy.debug).toBe(expected.debug);
    expect(report.vmpl).toBe(expected.vmpl);
    expect(toHex(report.reportedTcb)).toBe(expected.reported_tcb);
    expect(toHex(report.measurement)).toBe(expected.measurement);
    expect(toHex(report.chipId)).toBe(expected.chip_id);
    expect(toHex(report.bytes)).toBe(toHex(bytes));
  });

  it.each(realReports)('$name: signature verifies in the form that is handed out', (expected) => {
    const report = parseSnpReport(realBytes(`snp/${expected.report}`));
    const [leaf] = decodePem(realText(`snp/${expected.leaf}`), 'CERTIFICATE').map(parseCertificate);
    const key = createPublicKey({ key: Buffer.from(leaf!.spki), format: 'der', type: 'spki' });
    const options = { key, dsaEncoding: 'ieee-p1363' } as const;
    expect(verify('sha384', report.signedRegion, options, report.signature)).toBe(true);
  });
});

/** A report of a version with the fewest fields set, and bytes replaced at an offset. */
function report(version: number, offset = 0, hex = ''): Uint8Array {
  const bytes = new Uint8Array(SNP_REPORT_BYTES);
  bytes[0] = version;
  bytes[0x0a] = 2; // guest policy, bit 17
  bytes[0x34] = 1; // signature algorithm
  bytes.set(fromHex(hex), offset);
  return bytes;
}

describe('SNP report', () => {
  const FIELD = 'ERR_SNP_REPORT_FIELD';

  it.each<[string, Uint8Array, string]>([
    ['version 2', report(2), 'accepted'],
    ['version 5', report(5), 'accepted'],
    ['version 1', report(1), 'ERR_SNP_REPORT_VERSION'],
    ['version 6', report(6), 'ERR_SNP_REPORT_VERSION'],
    ['another version in the upper bytes', report(2, 1, '01'), 'ERR_SNP_REPORT_VERSION'],
    ['policy without its fixed bit', report(2, 0x0a, '00'), FIELD],
    ['VMPL 3', report(2, 0x30, '03'), 'accepted'],
    ['VMPL 4', report(2, 0x30, '04'), FIELD],
    ['no signature algorithm', report(2, 0x34, '00'), FIELD],
    ['signed by a VLEK', report(2, 0x48, '04'), 'accepted'],
    ['signed by no key, with every other bit', report(2, 0x48, '1f'), 'accepted'],
    ['signed by key 2', report(2, 0x48, '08'), FIELD],
    ['reserved bits of the key information', report(2, 0x48, '20'), FIELD],
    ['reserved bytes behind it', report(2, 0x4c, '01'), FIELD],
    ['CPUID in version 2', report(2, 0x188, '19'), FIELD],
    ['CPUID in version 3', report(3, 0x188, '19'), 'accepted'],
    ['reserved bytes behind CPUID', report(3, 0x18b, '01'), FIELD],
    ['reserved byte of a firmware version', report(2, 0x1eb, '01'), FIELD],
    ['mitigations in version 4', report(4, 0x1f8, '01'), FIELD],
    ['mitigations in version 5', report(5, 0x1f8, '01'), 'accepted'],
    ['reserved bytes before the signature', report(5, 0x29f, '01'), FIELD],
    ['a signature number above P-384', report(2, 0x2a0 + 48, '01'), FIELD],
    ['bytes after the signature', report(2, 0x2a0 + 144, '01'), FIELD],
    ['one byte less', report(2).subarray(1), 'ERR_SNP_REPORT_SIZE'],
    ['one byte more', Uint8Array.of(...report(2), 0), 'ERR_SNP_REPORT_SIZE'],
  ])('%s', (_, bytes, code) => {
    expect(refusal(() => parseSnpReport(bytes))).toBe(code);
  });

  it('reads every field from its offset', () => {
    const bytes = report(5, 4, '07000000');
    bytes.set(fromHex('1f01 1f00'.replaceAll(' ', '')), 0x08);
    bytes.set(fromHex('171a02'), 0x188);
    bytes.set(fromHex('25370100'), 0x1e8);
    bytes.set(fromHex('24360100'), 0x1ec);
    bytes.set(fromHex('03'), 0x48);
    bytes[0x40] = 9;
    bytes[0x1f8] = 5;
    bytes[0x200] = 6;
    bytes[0x2a0] = 0xaa;
    bytes[0x2a0 + 72] = 0xbb;
    const parsed = parseSnpReport(bytes);
    expect(parsed).toMatchObject({
      guestSvn: 7,
      policy: {
        abiMinor: 0x1f,
        abiMajor: 1,
        smt: true,
        migrateMa: true,
        debug: true,
        singleSocket: true,
        bits: 0x1f011fn,
      },
      platformInfo: 9n,
      authorKeyEnabled: true,
      chipKeyMasked: true,
      signingKey: 'vcek',
      cpuid: { family: 0x17, model: 0x1a, stepping: 2 },
      currentVersion: { build: 0x25, minor: 0x37, major: 1 },
      committedVersion: { build: 0x24, minor: 0x36, major: 1 },
      launchMitigations: 5n,
      currentMitigations: 6n,
    });
    expect(toHex(parsed.signature)).toBe(`${'00'.repeat(47)}aa${'00'.repeat(47)}bb`);
    expect(parsed.signedRegion.length).toBe(0x2a0);
    expect('cpuid' in parseSnpReport(report(2))).toBe(false);
  });

  it('reads byte strings from their offsets', () => {
    const fields = [
      ['familyId', 0x10, 16],
      ['imageId', 0x20, 16],
      ['currentTcb', 0x38, 8],
      ['reportData', 0x50, 64],
      ['measurement', 0x90, 48],
      ['hostData', 0xc0, 32],
      ['idKeyDigest', 0xe0, 48],
      ['authorKeyDigest', 0x110, 48],
      ['reportId', 0x140, 32],
      ['reportIdMa', 0x160, 32],
      ['reportedTcb', 0x180, 8],
      ['chipId', 0x1a0, 64],
      ['committedTcb', 0x1e0, 8],
      ['launchTcb', 0x1f0, 8],
    ] as const;
    for (const [field, offset, size] of fields) {
      const parsed = parseSnpReport(report(2, offset, 'e7'.repeat(size)));
      expect([field, toHex(parsed[field])]).toEqual([field, 'e7'.repeat(size)]);
    }
  });
});
