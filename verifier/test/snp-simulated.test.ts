// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import {
  basicConstraintsExtension,
  decodePem,
  keyUsageExtension,
  toHex,
} from '@proofgate/evidence';
import { AMD_ROOT_KEYS, type SnpClaims, verifySnpReport } from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { refusal } from './refusal.ts';
import {
  AMD_NOW,
  type AmdWish,
  caExtensions,
  INTERMEDIATE_SERIAL,
  OFFSET,
  simulatedAmd,
} from './simulated-amd.ts';

async function verify(wish: AmdWish): Promise<SnpClaims> {
  const { report, endorsements, root } = simulatedAmd(wish);
  return verifySnpReport(report, endorsements, { root, at: AMD_NOW });
}

const outcome = async (wish: AmdWish) => refusal(async () => verify(wish));
const set = (offset: number, value: number) => (bytes: Uint8Array) => {
  bytes[offset] = value;
};

describe('sound reports', () => {
  it.each([
    { product: 'Milan', kind: 'vcek', version: 2 },
    { product: 'Milan', kind: 'vcek', version: 3 },
    { product: 'Genoa', kind: 'vcek', version: 5 },
    { product: 'Turin', kind: 'vcek', version: 3 },
    { product: 'Turin', kind: 'vcek', version: 5 },
    { product: 'Milan', kind: 'vlek', version: 2 },
    { product: 'Genoa', kind: 'vlek', version: 3 },
    { product: 'Turin', kind: 'vlek', version: 5 },
  ] as const)('$product $kind version $version', async (wish) => {
    const { tee, platform, trustAnchor } = await verify(wish);
    expect(tee).toBe('sev-snp');
    expect(platform.product).toBe(wish.product);
    expect(platform.cloud).toBe(wish.kind === 'vlek' ? 'CN=cloud.example' : undefined);
    const idBytes = wish.product === 'Turin' ? 8 : 64;
    expect(platform.chipId?.length).toBe(wish.kind === 'vlek' ? undefined : idBytes);
    expect(trustAnchor).toMatch(/^custom:[0-9a-f]{64}$/);
  });

  it('read the TCB in the order of the product', async () => {
    expect((await verify({})).tcb.reported).toEqual({
      bootLoader: 3,
      tee: 0,
      snp: 8,
      microcode: 0x73,
    });
    expect((await verify({ product: 'Turin' })).tcb.reported).toEqual({
      fmc: 1,
      bootLoader: 2,
      tee: 3,
      snp: 4,
      microcode: 0x48,
    });
  });

  it('are not taken for those of the vendor’s root', async () => {
    const { report, endorsements } = simulatedAmd();
    const run = async () => verifySnpReport(report, endorsements, { root: 'amd', at: AMD_NOW });
    expect(await refusal(run)).toBe('ERR_CERT_ROOT_UNTRUSTED');
    expect([...AMD_ROOT_KEYS.keys()]).toEqual(['Milan', 'Genoa', 'Turin']);
  });

  it('stand under AMD’s own Turin chain up to the leaf, which is not theirs', async () => {
    // As AMD's key distribution service sends it: intermediate for VLEKs, root. Checks report the first that fails,
    // and those of root and intermediate come before.
    const pem = readFileSync(new URL('amd-turin-vlek-chain.pem', import.meta.url), 'utf8');
    const { report, endorsements } = simulatedAmd({ product: 'Turin', kind: 'vlek' });
    const [leaf = new Uint8Array()] = endorsements.chain;
    const chain = [leaf, ...decodePem(pem, 'CERTIFICATE')];
    const run = async () => verifySnpReport(report, { chain }, { root: 'amd', at: AMD_NOW });
    expect(await refusal(run)).toBe('ERR_CERT_ISSUER');
  });
});

describe('the chain', () => {
  it.each<[string, AmdWish, string]>([
    ['unknown product', { product: 'Venice' }, 'ERR_SNP_EXTENSION'],
    ['product of another root', { productName: 'Genoa-B1' }, 'ERR_CERT_ROLE'],
    ['root without its prefix', { names: { root: 'Milan' } }, 'ERR_CERT_ROLE'],
    [
      'VCEK below the intermediate for VLEKs',
      { names: { intermediate: 'SEV-VLEK-Milan' } },
      'ERR_CERT_ROLE',
    ],
    [
      'VLEK below the intermediate for VCEKs',
      { kind: 'vlek', names: { intermediate: 'SEV-Milan' } },
      'ERR_CERT_ROLE',
    ],
    ['intermediate of another product', { names: { intermediate: 'SEV-Genoa' } }, 'ERR_CERT_ROLE'],
    ['leaf with another name', { names: { leaf: 'SEV-VCEK2' } }, 'ERR_CERT_ROLE'],
    ['leaf signed by the root', { leafSigner: 'root' }, 'ERR_CERT_SIGNATURE'],
    ['leaf signed by a stranger', { leafSigner: 'stranger' }, 'ERR_CERT_SIGNATURE'],
    ['salt of another length', { saltLength: 32 }, 'ERR_CERT_SIGNATURE'],
    [
      'intermediate that is no CA',
      {
        intermediate: [
          basicConstraintsExtension({ ca: false }),
          keyUsageExtension(['keyCertSign']),
        ],
      },
      'ERR_CERT_NOT_A_CA',
    ],
    [
      'intermediate that may not sign',
      {
        intermediate: [
          basicConstraintsExtension({ ca: true, pathLength: 0 }),
          keyUsageExtension(['cRLSign']),
        ],
      },
      'ERR_CERT_KEY_USAGE',
    ],
    ['leaf that is a CA', { more: caExtensions('intermediate') }, 'ERR_CERT_IS_A_CA'],
    [
      'unknown critical extension',
      { more: [{ oid: '1.2.3.4', critical: true, value: Uint8Array.of(5, 0) }] },
      'ERR_CERT_CRITICAL_EXTENSION',
    ],
    [
      'known extension that is not critical',
      { more: [{ oid: '1.2.3.4', critical: false, value: Uint8Array.of(5, 0) }] },
      'accepted',
    ],
  ])('%s', async (_what, wish, expected) => {
    expect(await outcome(wish)).toBe(expected);
  });

  it.each([
    [-31, 'ERR_CERT_NOT_YET_VALID'],
    [29, 'accepted'],
    [31, 'ERR_CERT_EXPIRED'],
  ])('%i days from now: %s', async (days, expected) => {
    const { report, endorsements, root } = simulatedAmd();
    const at = new Date(AMD_NOW.getTime() + days * 86_400_000);
    const run = async () => verifySnpReport(report, endorsements, { root, at });
    expect(await refusal(run)).toBe(expected);
  });
});

describe('extensions of the leaf', () => {
  it.each<[string, AmdWish, string]>([
    ['structure of another product', { structVersion: 1 }, 'ERR_SNP_EXTENSION'],
    [
      'structure of an earlier product',
      { product: 'Turin', structVersion: 0 },
      'ERR_SNP_EXTENSION',
    ],
    ['no structure version', { without: ['1'] }, 'ERR_SNP_EXTENSION'],
    ['no product', { without: ['2'] }, 'ERR_SNP_EXTENSION'],
    ['product that only begins alike', { productName: 'Milano' }, 'ERR_SNP_EXTENSION'],
    ['no boot loader SVN', { without: ['3.1'] }, 'ERR_SNP_EXTENSION'],
    ['no microcode SVN', { without: ['3.8'] }, 'ERR_SNP_EXTENSION'],
    ['Turin without FMC', { product: 'Turin', without: ['3.9'] }, 'ERR_SNP_EXTENSION'],
    ['no reserved SVN', { without: ['3.4', '3.5'] }, 'accepted'],
    ['SVN over a byte', { svns: { 3: 256 } }, 'ERR_SNP_EXTENSION'],
    ['VCEK without a chip', { without: ['4'] }, 'ERR_SNP_EXTENSION'],
    ['VCEK with a chip id of Turin', { certifiedChipId: new Uint8Array(8) }, 'ERR_SNP_EXTENSION'],
    [
      'Turin VCEK with a long chip id',
      { product: 'Turin', certifiedChipId: new Uint8Array(64) },
      'ERR_SNP_EXTENSION',
    ],
    [
      'VCEK with a cloud',
      {
        more: [{ oid: '1.3.6.1.4.1.3704.1.5', critical: false, value: Uint8Array.of(0x16, 1, 65) }],
      },
      'ERR_SNP_EXTENSION',
    ],
    ['VLEK without a cloud', { kind: 'vlek', without: ['5'] }, 'ERR_SNP_EXTENSION'],
    [
      'VLEK with a chip',
      {
        kind: 'vlek',
        more: [{ oid: '1.3.6.1.4.1.3704.1.4', critical: false, value: new Uint8Array(64) }],
      },
      'ERR_SNP_EXTENSION',
    ],
  ])('%s', async (_what, wish, expected) => {
    expect(await outcome(wish)).toBe(expected);
  });
});

describe('TCB and chip', () => {
  it.each<[string, AmdWish, string]>([
    ['microcode above the certified', { reportedTcb: '0300000000000874' }, 'ERR_SNP_TCB_MISMATCH'],
    [
      'boot loader below the certified',
      { reportedTcb: '0200000000000873' },
      'ERR_SNP_TCB_MISMATCH',
    ],
    [
      'reserved byte that is not certified',
      { reportedTcb: '0300010000000873' },
      'ERR_SNP_TCB_MISMATCH',
    ],
    [
      'reserved byte that is certified',
      { reportedTcb: '0300010000000873', svns: { 4: 1 } },
      'accepted',
    ],
    ['reserved byte certified and missing', { svns: { 4: 1 } }, 'ERR_SNP_TCB_MISMATCH'],
    [
      'Turin in the order of Milan',
      { product: 'Turin', reportedTcb: '0203000000000448' },
      'ERR_SNP_TCB_MISMATCH',
    ],
    ['FMC of Turin', { product: 'Turin', reportedTcb: '0002030400000048' }, 'ERR_SNP_TCB_MISMATCH'],
    ['another chip', { chipId: new Uint8Array(64).fill(1) }, 'ERR_SNP_CHIP_MISMATCH'],
    ['masked chip id', { chipId: new Uint8Array(64) }, 'accepted'],
    [
      'Turin: another chip',
      { product: 'Turin', chipId: new Uint8Array(64).fill(1, 0, 8) },
      'ERR_SNP_CHIP_MISMATCH',
    ],
    [
      'Turin: bytes after the chip id',
      { product: 'Turin', chipId: new Uint8Array(64).fill(0xc4) },
      'ERR_SNP_CHIP_MISMATCH',
    ],
    ['VLEK with a chip id', { kind: 'vlek', chipId: new Uint8Array(64).fill(1) }, 'accepted'],
    ['CPU family of Turin', { family: 0x1a }, 'ERR_SNP_CHIP_MISMATCH'],
    ['CPU family of Milan on Turin', { product: 'Turin', family: 0x19 }, 'ERR_SNP_CHIP_MISMATCH'],
  ])('%s', async (_what, wish, expected) => {
    expect(await outcome(wish)).toBe(expected);
  });
});

describe('the report', () => {
  it.each<[string, AmdWish, string]>([
    ['version 1', { version: 1 }, 'ERR_SNP_REPORT_VERSION'],
    ['version 6', { version: 6 }, 'ERR_SNP_REPORT_VERSION'],
    ['CPUID in version 2', { version: 2, report: set(OFFSET.cpuid, 0x19) }, 'ERR_SNP_REPORT_FIELD'],
    [
      'mitigations in version 3',
      { version: 3, report: set(OFFSET.launchMitigations, 1) },
      'ERR_SNP_REPORT_FIELD',
    ],
    [
      'mitigations in version 5',
      { version: 5, report: set(OFFSET.currentMitigations, 1) },
      'accepted',
    ],
    [
      'reserved bytes in version 5',
      { version: 5, report: set(OFFSET.reserved, 1) },
      'ERR_SNP_REPORT_FIELD',
    ],
    ['VMPL 3', { report: set(OFFSET.vmpl, 3) }, 'accepted'],
    ['VMPL 4', { report: set(OFFSET.vmpl, 4) }, 'ERR_SNP_REPORT_FIELD'],
    ['VLEK named, VCEK used', { report: set(OFFSET.keyInfo, 1 << 2) }, 'ERR_SNP_SIGNING_KEY'],
    [
      'VCEK named, VLEK used',
      { kind: 'vlek', report: set(OFFSET.keyInfo, 0) },
      'ERR_SNP_SIGNING_KEY',
    ],
    ['no key named', { report: set(OFFSET.keyInfo, 7 << 2) }, 'ERR_SNP_SIGNING_KEY'],
    ['undefined key', { report: set(OFFSET.keyInfo, 2 << 2) }, 'ERR_SNP_REPORT_FIELD'],
    ['changed after signing', { signed: set(OFFSET.measurement, 0) }, 'ERR_SNP_SIGNATURE'],
    ['no signature', { signed: (bytes) => bytes.fill(0, 0x2a0) }, 'ERR_SNP_SIGNATURE'],
    ['bytes behind the signature', { signed: set(0x2a0 + 144, 1) }, 'ERR_SNP_REPORT_FIELD'],
    ['key on another curve', { leafCurve: 'P-256' }, 'ERR_SNP_SIGNATURE'],
  ])('%s', async (_what, wish, expected) => {
    expect(await outcome(wish)).toBe(expected);
  });

  it('shows mitigation vectors from version 5 on', async () => {
    const { report } = await verify({ version: 5, report: set(OFFSET.currentMitigations, 3) });
    expect([report.launchMitigations, report.currentMitigations]).toEqual([0n, 3n]);
    expect((await verify({ version: 3 })).report.currentMitigations).toBeUndefined();
    expect(toHex(report.measurement)).toBe('a7'.repeat(48));
  });
});

describe('AMD’s revocation list', () => {
  it.each<[string, AmdWish, string]>([
    ['empty', { revoked: [] }, 'accepted'],
    ['another certificate', { revoked: [1n] }, 'accepted'],
    ['the intermediate', { revoked: [1n, INTERMEDIATE_SERIAL] }, 'ERR_CERT_REVOKED'],
    [
      'signed by the intermediate',
      { revoked: [], listSigner: 'intermediate' },
      'ERR_CRL_SIGNATURE',
    ],
    [
      'out of date',
      { revoked: [], listUntil: new Date(AMD_NOW.getTime() - 1000) },
      'ERR_CRL_EXPIRED',
    ],
  ])('%s', async (_what, wish, expected) => {
    expect(await outcome(wish)).toBe(expected);
  });
});
