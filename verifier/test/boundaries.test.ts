// SPDX-License-Identifier: Apache-2.0
import { asReportData, deterministicReportData, parseCertificate } from '@proofgate/evidence';
import {
  checkBinding,
  MAX_ATTESTED_LIFETIME_MS,
  MAX_CHAIN_LENGTH,
  verifyChain,
} from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { checkStatedTime } from '../src/check-binding.ts';
import { caExtensions, HOUR_MS, issue, leafExtensions, NOW } from './private-pki.ts';
import { refusal } from './refusal.ts';

const root = issue({ commonName: 'Test Root', extensions: caExtensions(1) });
const ca = issue({ commonName: 'Test CA', issuer: root, extensions: caExtensions(0) });
const leafWith = (more: { notBefore?: Date; notAfter?: Date } = {}) =>
  issue({ commonName: 'x', issuer: ca, extensions: leafExtensions(['a.example']), ...more });
const leaf = leafWith();

describe('a chain', () => {
  const verify = async (chain: readonly Uint8Array[], roots: readonly Uint8Array[]) =>
    refusal(async () => verifyChain(chain, { roots, at: NOW }));

  it('has as many certificates as allowed, and no more', async () => {
    const chain = (length: number) => [
      leaf.certificate,
      ...new Array<Uint8Array>(length - 1).fill(ca.certificate),
    ];
    expect(await verify(chain(MAX_CHAIN_LENGTH), [root.certificate])).toBe('accepted');
    expect(await verify(chain(MAX_CHAIN_LENGTH + 1), [root.certificate])).toBe(
      'ERR_CERT_CHAIN_LENGTH',
    );
  });

  it('has 32 roots to end at, and no more', async () => {
    const roots = (count: number) => new Array<Uint8Array>(count).fill(root.certificate);
    const chain = [leaf.certificate, ca.certificate];
    expect(await verify(chain, roots(32))).toBe('accepted');
    expect(await verify(chain, roots(33))).toBe('ERR_VERIFIER_ARGUMENT');
  });

  it('is refused with the certificate that is wrong', async () => {
    const past = new Date(NOW.getTime() - 1000);
    const options = { roots: [root.certificate], at: NOW };
    const oldLeaf = leafWith({ notAfter: past }).certificate;
    await expect(verifyChain([oldLeaf, ca.certificate], options)).rejects.toThrow('the leaf');
    const oldCa = issue({
      commonName: 'Old CA',
      issuer: root,
      notAfter: past,
      extensions: caExtensions(0),
    });
    const below = issue({ commonName: 'x', issuer: oldCa, extensions: leafExtensions(['a.b']) });
    await expect(verifyChain([below.certificate, oldCa.certificate], options)).rejects.toThrow(
      'CA certificate 1',
    );
  });
});

describe('evidence for a certificate', () => {
  it('is for one that lives for a day at most', async () => {
    const lives = async (lifetime: number) => {
      const notBefore = new Date(NOW.getTime() - HOUR_MS);
      const notAfter = new Date(notBefore.getTime() + lifetime);
      const certificate = parseCertificate(leafWith({ notBefore, notAfter }).certificate);
      const reportData = deterministicReportData(certificate.spki, notBefore);
      return refusal(() => checkBinding(certificate, { reportData }));
    };
    expect(await lives(MAX_ATTESTED_LIFETIME_MS)).toBe('accepted');
    expect(await lives(MAX_ATTESTED_LIFETIME_MS + 1000)).toBe('ERR_BINDING_LIFETIME');
  });

  it('is of the last day, give or take five minutes', async () => {
    const certificate = parseCertificate(leaf.certificate);
    const quoteTime = new Date('2026-06-01T12:00:00Z');
    const reportData = deterministicReportData(certificate.spki, quoteTime);
    const aged = async (ageMs: number, data = reportData) =>
      refusal(() => {
        const at = new Date(quoteTime.getTime() + ageMs);
        checkStatedTime(certificate, quoteTime, { reportData: data }, at);
      });
    const tolerance = 5 * 60_000;
    expect(await aged(-tolerance)).toBe('accepted');
    expect(await aged(-tolerance - 1)).toBe('ERR_BINDING_LIFETIME');
    expect(await aged(MAX_ATTESTED_LIFETIME_MS + tolerance)).toBe('accepted');
    expect(await aged(MAX_ATTESTED_LIFETIME_MS + tolerance + 1)).toBe('ERR_BINDING_LIFETIME');
    const changed = asReportData(reportData.with(63, (reportData[63] ?? 0) ^ 1));
    expect(await aged(0, changed)).toBe('ERR_BINDING_REPORT_DATA');
  });
});
