// SPDX-License-Identifier: Apache-2.0
import { OID, toHex } from '@proofgate/evidence';
import { simulatedFault } from '@proofgate/simulator';
import { appraise, explain, outcomeOf, parsePolicy } from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { attestedHost, IMAGE_DIGEST, optionsFor } from './attested-host.ts';

describe('an appraisal', () => {
  it('reports acceptance as JSON', async () => {
    const host = await attestedHost();
    const report = await appraise({
      ...optionsFor(host, { document: host.document }),
      evidence: { kind: 'certificate', chain: host.chain },
    });
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({
      verdict: 'accepted',
      policy: 'none',
      tee: 'tdx',
      binding: 'certificate',
      tcb: { status: 'UpToDate', advisories: [] },
      freshness: { mode: 'certificate', ageSeconds: 3600 },
      certificateChain: 'verified',
      workloads: [{ name: 'hello', imageDigest: IMAGE_DIGEST }],
      extensions: expect.arrayContaining([
        { oid: OID.imageProfile, name: 'image profile', value: 'utf8:production' },
      ]) as unknown,
    });
    expect(report.checks.every(({ result }) => result !== 'refused')).toBe(true);
  });

  it('reports refused evidence without repeating its claims', async () => {
    const host = await attestedHost({ platform: { alter: simulatedFault('N6').apply } });
    const report = await appraise({
      ...optionsFor(host),
      evidence: { kind: 'certificate', chain: host.chain },
    });
    expect(report).toMatchObject({ verdict: 'refused', code: 'ERR_CERT_REVOKED' });
    expect(report.tee).toBeUndefined();
    expect(report.checks.at(-1)).toMatchObject({ name: 'evidence', result: 'refused' });
    expect(explain(report)).toContain('REFUSED');
  });

  it('names a refused check, whatever refuses', async () => {
    const host = await attestedHost({ withoutQuote: true });
    const report = await appraise({
      ...optionsFor(host),
      evidence: { kind: 'certificate', chain: host.chain },
    });
    expect(report).toMatchObject({ verdict: 'refused', code: 'ERR_EVIDENCE_MISSING' });
    expect(report.checks.at(-1)?.result).toBe('refused');
  });

  it('reports what a policy refuses, with all that was proved', async () => {
    const host = await attestedHost();
    const policy = parsePolicy({
      version: 1,
      name: 'strict',
      roots: `sha256:${host.platform.rootSha256}`,
      measurements: {
        old: { mrtd: '00'.repeat(48) },
        near: {
          mrtd: toHex(host.platform.measurements().mrtd),
          rtmr1: '00'.repeat(48),
        },
      },
    });
    const report = await appraise({
      ...optionsFor(host, { policy }),
      evidence: { kind: 'certificate', chain: host.chain },
    });
    expect(report).toMatchObject({
      verdict: 'refused',
      code: 'ERR_POLICY_MEASUREMENT',
      policy: 'strict',
      tee: 'tdx',
      nearestMeasurementSet: { set: 'near', differing: [{ register: 'rtmr1' }] },
    });
    expect(explain(report)).toContain('nearest measurement set: near');
    const { at } = optionsFor(host);
    expect(report.at).toBe(at.toISOString());
  });

  it('warns without a policy of what every policy would refuse', async () => {
    const host = await attestedHost({ platform: { alter: simulatedFault('N20').apply } });
    const report = await appraise({
      ...optionsFor(host),
      evidence: { kind: 'certificate', chain: host.chain },
    });
    expect(report).toMatchObject({ verdict: 'accepted', policy: 'none', debug: true });
    expect(report.checks).toContainEqual(
      expect.objectContaining({ name: 'debug', result: 'warning' }),
    );
  });

  it('reports a shadow policy without enforcing it', async () => {
    const host = await attestedHost();
    const shadowPolicy = parsePolicy({ version: 1, name: 'next', tee: 'sev-snp' });
    const report = await appraise({
      ...optionsFor(host, { shadowPolicy }),
      evidence: { kind: 'certificate', chain: host.chain },
    });
    expect(report.verdict).toBe('accepted');
    expect(report.shadow).toMatchObject({
      policy: 'next',
      accepted: false,
      code: 'ERR_POLICY_TEE',
    });
  });

  it('throws what is not a refusal', async () => {
    const host = await attestedHost();
    const failing = async (): Promise<never> => {
      throw new Error('broken');
    };
    const options = {
      ...optionsFor(host, { collateral: failing }),
      evidence: { kind: 'certificate', chain: host.chain },
    } as const;
    await expect(appraise(options)).rejects.toThrow('broken');
    const { collateral: _unused, ...without } = options;
    try {
      await appraise(without);
      expect.unreachable();
    } catch (error) {
      expect(outcomeOf(error)).toBe('unavailable');
    }
  });
});
