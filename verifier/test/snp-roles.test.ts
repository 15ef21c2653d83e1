// SPDX-License-Identifier: Apache-2.0
import {
  basicConstraintsExtension,
  type CertificateExtension,
  encodePem,
  keyUsageExtension,
} from '@proofgate/evidence';
import { endorsementsFromPem, verifySnpReport } from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { describeSnpTcb } from '../src/snp/snp-tcb.ts';
import { refusal } from './refusal.ts';
import { AMD_NOW, type AmdWish, caExtensions, simulatedAmd } from './simulated-amd.ts';

const outcome = async (wish: AmdWish) =>
  refusal(async () => {
    const { report, endorsements, root } = simulatedAmd(wish);
    return verifySnpReport(report, endorsements, { root, at: AMD_NOW });
  });
const unknown = (critical: boolean): CertificateExtension => ({
  oid: '1.2.3.4',
  critical,
  value: Uint8Array.of(5, 0),
});

describe('AMD’s root', () => {
  it.each<[string, readonly CertificateExtension[], string]>([
    ['an unknown extension', [...caExtensions('root'), unknown(false)], 'accepted'],
    [
      'an unknown critical extension',
      [...caExtensions('root'), unknown(true)],
      'ERR_CERT_CRITICAL_EXTENSION',
    ],
    ['one CA below it', caExtensions('root', 1), 'accepted'],
    ['no CA below it', caExtensions('root', 0), 'ERR_CERT_PATH_LENGTH'],
    ['no constraints', [keyUsageExtension(['keyCertSign'])], 'ERR_CERT_NOT_A_CA'],
    [
      'a key for lists alone',
      [basicConstraintsExtension({ ca: true }), keyUsageExtension(['cRLSign'])],
      'ERR_CERT_KEY_USAGE',
    ],
  ])('with %s', async (_what, root, expected) => {
    expect(await outcome({ root })).toBe(expected);
  });
});

describe('AMD’s intermediate', () => {
  it('has no critical extension that we do not know', async () => {
    const extensions = caExtensions('intermediate', 0);
    expect(await outcome({ intermediate: [...extensions, unknown(false)] })).toBe('accepted');
    expect(await outcome({ intermediate: [...extensions, unknown(true)] })).toBe(
      'ERR_CERT_CRITICAL_EXTENSION',
    );
  });
});

describe('a leaf of AMD’s', () => {
  it('is of one of two kinds, whatever stands above it', async () => {
    expect(await outcome({ kind: 'vlek' })).toBe('accepted');
    expect(await outcome({ kind: 'vlek', names: { leaf: 'SEV-VLEK2' } })).toBe('ERR_CERT_ROLE');
    expect(await outcome({ names: { leaf: 'SEV-VLEK2' } })).toBe('ERR_CERT_ROLE');
  });
});

describe('AMD’s chain in PEM', () => {
  it('is put in order and has to be whole', async () => {
    const { chain } = simulatedAmd().endorsements;
    const pem = chain.map((der) => encodePem('CERTIFICATE', der));
    expect(endorsementsFromPem(pem.toReversed().join('')).chain).toEqual(chain);
    for (let missing = 0; missing < pem.length; missing += 1) {
      const rest = pem.filter((_, index) => index !== missing).join('');
      expect(await refusal(() => endorsementsFromPem(rest))).toBe('ERR_SNP_ENDORSEMENTS_MISSING');
    }
  });
});

describe('a TCB in words', () => {
  it('names the FMC where there is one', () => {
    const tcb = { bootLoader: 1, tee: 2, snp: 3, microcode: 4 };
    const words = 'boot loader 1, TEE 2, SNP 3, microcode 4';
    expect(describeSnpTcb(tcb)).toBe(words);
    expect(describeSnpTcb({ ...tcb, fmc: 0 })).toBe(`FMC 0, ${words}`);
  });
});
