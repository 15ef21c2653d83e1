// SPDX-License-Identifier: Apache-2.0
import { encodeAuditManifest, OID, platformTree, type RuntimeEvent } from '@proofgate/evidence';
import { createSimulatedPlatform, simulatedFault } from '@proofgate/simulator';
import {
  appraise,
  type AppraisalOptions,
  createCollateralCache,
  parsePolicy,
  prepareCollateral,
  verifyEvidence,
} from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { attestedHost, optionsFor } from './attested-host.ts';
import { NOW } from './private-pki.ts';
import { refusal } from './refusal.ts';
import { AMD_NOW, simulatedAmd } from './simulated-amd.ts';

const platform = createSimulatedPlatform({ at: NOW });
const root = { sha256: platform.rootSha256 };
const bytes = await platform.quote(new Uint8Array(64).fill(3));
const amd = simulatedAmd();

const forQuote = (more: Partial<AppraisalOptions> = {}): AppraisalOptions => ({
  evidence: { kind: 'quote', bytes },
  collateral: platform.collateral(),
  roots: root,
  policy: 'none',
  at: NOW,
  ...more,
});
const forReport = (more: Partial<AppraisalOptions> = {}): AppraisalOptions => ({
  evidence: { kind: 'snp-report', bytes: amd.report },
  endorsements: amd.endorsements,
  roots: amd.root,
  policy: 'none',
  at: AMD_NOW,
  ...more,
});
const outcome = async (options: AppraisalOptions) => refusal(async () => verifyEvidence(options));

describe('a bare quote', () => {
  it('is judged without anything that it belongs to', async () => {
    expect(await appraise(forQuote())).toMatchObject({
      verdict: 'accepted',
      tee: 'tdx',
      binding: 'none',
      certificateChain: 'none',
      workloads: null,
      extensions: [],
      freshness: { mode: 'none', quoteTime: null, ageSeconds: null },
    });
  });

  it('reports the SVNs of now beside those at launch', async () => {
    const later = createSimulatedPlatform({ at: NOW, alter: simulatedFault('S4').apply });
    const report = await appraise(
      forQuote({
        evidence: { kind: 'quote', bytes: await later.quote(new Uint8Array(64)) },
        collateral: later.collateral(),
        roots: { sha256: later.rootSha256 },
      }),
    );
    expect(report).toMatchObject({ tcb: { status: 'TDRelaunchAdvised', current: 'UpToDate' } });
  });

  it('reports a machine without an instance id by its FMSPC alone', async () => {
    const plain = createSimulatedPlatform({
      at: NOW,
      alter: ({ certificates }) => delete certificates.pck.pck?.platformInstanceId,
    });
    const report = await appraise(
      forQuote({
        evidence: { kind: 'quote', bytes: await plain.quote(new Uint8Array(64)) },
        collateral: plain.collateral(),
        roots: { sha256: plain.rootSha256 },
      }),
    );
    expect(report.platform).toEqual({ fmspc: plain.fmspc });
  });

  it('takes collateral prepared, from a cache, or from a source', async () => {
    const prepared = await prepareCollateral(platform.collateral(), { root, at: NOW });
    const source = async () => platform.collateral();
    const cache = createCollateralCache(source, root);
    for (const collateral of [prepared, cache, source]) {
      expect(await outcome(forQuote({ collateral }))).toBe('accepted');
      expect(await outcome(forQuote({ collateral, roots: 'intel' }))).toBe(
        'ERR_CERT_ROOT_UNTRUSTED',
      );
    }
    const { collateral: _none, ...without } = forQuote();
    expect(await outcome(without)).toBe('ERR_COLLATERAL_UNAVAILABLE');
  });

  it('stands on the roots of the policy, of prepared collateral, or of the vendors', async () => {
    const { roots: _roots, ...unnamed } = forQuote();
    const named = parsePolicy({ version: 1, roots: `sha256:${platform.rootSha256}` });
    const intel = parsePolicy({ version: 1, roots: 'intel' });
    const silent = parsePolicy({ version: 1, tee: 'tdx' });
    expect(await outcome({ ...unnamed, policy: named })).toBe('accepted');
    expect(await outcome({ ...unnamed, policy: intel })).toBe('ERR_CERT_ROOT_UNTRUSTED');
    expect(await outcome({ ...unnamed, policy: silent })).toBe('ERR_CERT_ROOT_UNTRUSTED');
    expect(await outcome(unnamed)).toBe('ERR_CERT_ROOT_UNTRUSTED');
    const collateral = await prepareCollateral(platform.collateral(), { root, at: NOW });
    expect(await outcome({ ...unnamed, collateral })).toBe('accepted');
    expect(await outcome({ ...unnamed, collateral, policy: intel })).toBe(
      'ERR_CERT_ROOT_UNTRUSTED',
    );
  });
});

describe('a bare SEV-SNP report', () => {
  it('is judged with its endorsements, and not without', async () => {
    const report = await appraise(forReport());
    expect(report).toMatchObject({
      verdict: 'accepted',
      tee: 'sev-snp',
      tcb: { status: null, date: null, advisories: [], reported: { bootLoader: 3 } },
      platform: { product: 'Milan', chipId: 'c4'.repeat(64) },
    });
    expect(report.platform).not.toHaveProperty('cloud');
    const { endorsements: _none, ...without } = forReport();
    expect(await outcome(without)).toBe('ERR_SNP_ENDORSEMENTS_MISSING');
  });

  it('names the cloud in place of the chip', async () => {
    const cloud = simulatedAmd({ kind: 'vlek' });
    const { platform: described } = await appraise(
      forReport({
        evidence: { kind: 'snp-report', bytes: cloud.report },
        endorsements: cloud.endorsements,
        roots: cloud.root,
      }),
    );
    expect(described).toEqual({ product: 'Milan', cloud: 'CN=cloud.example' });
  });
});

describe('what comes with a certificate', () => {
  it('is verified without a CA and without a host name, and said to be so', async () => {
    const host = await attestedHost();
    const { caRoots: _roots, hostname: _hostname, ...open } = optionsFor(host);
    const evidence = { kind: 'certificate', chain: host.chain.slice(0, 1) } as const;
    expect(await appraise({ ...open, document: host.document, evidence })).toMatchObject({
      verdict: 'accepted',
      certificateChain: 'not verified',
    });
    const { hostname: _name, ...unnamed } = optionsFor(host);
    expect(await outcome({ ...unnamed, evidence: { ...evidence, chain: host.chain } })).toBe(
      'accepted',
    );
    expect(await outcome({ ...unnamed, evidence: { ...evidence, chain: [] } })).toBe(
      'ERR_CERT_CHAIN_LENGTH',
    );
    expect(await outcome({ ...open, evidence: { ...evidence, chain: [] } })).toBe(
      'ERR_CERT_CHAIN_LENGTH',
    );
  });

  it('includes a manifest of the platform, compared where the leaf has its root', async () => {
    const tree = platformTree({ workloads: [] });
    const manifests = { platform: encodeAuditManifest(tree) };
    const appraiseWith = async (value: Uint8Array | undefined) => {
      const added = value === undefined ? [] : [{ oid: OID.platformRoot, value }];
      const host = await attestedHost({ extensions: (sound) => [...sound, ...added] });
      return outcome({
        ...optionsFor(host, { document: { ...host.document, manifests } }),
        evidence: { kind: 'certificate', chain: host.chain },
      });
    };
    expect(await appraiseWith(undefined)).toBe('accepted');
    expect(await appraiseWith(tree.root)).toBe('accepted');
    expect(await appraiseWith(new Uint8Array(32))).toBe('ERR_EVENT_LOG_MANIFEST');
  });

  it('lists extensions that have no name of ours', async () => {
    const oid = '1.3.6.1.4.1.65230.99.1';
    const host = await attestedHost({
      extensions: (sound) => [...sound, { oid, value: Uint8Array.of(1, 2) }],
    });
    const report = await appraise({
      ...optionsFor(host),
      evidence: { kind: 'certificate', chain: host.chain },
    });
    expect(report.extensions).toContainEqual({ oid, name: 'unknown', value: 'hex:0102' });
  });

  it('is compared with the log by image, by configuration, or by neither', async () => {
    const judge = async (oids: readonly string[], workloads: boolean) => {
      const host = await attestedHost({
        extensions: (sound) => sound.filter(({ oid }) => oids.includes(oid)),
        measured: (sound) => (workloads ? sound : sound.slice(0, 1)),
      });
      const eventLog = workloads ? host.events : host.events.slice(0, 1);
      const document = { ...host.document, eventLog, manifests: {} };
      return outcome({
        ...optionsFor(host, { document }),
        evidence: { kind: 'certificate', chain: host.chain },
      });
    };
    expect(await judge([], false)).toBe('accepted');
    expect(await judge([OID.imageDigest], true)).toBe('accepted');
    expect(await judge([OID.imageDigest], false)).toBe('ERR_EVENT_LOG_WORKLOAD');
    expect(await judge([OID.workloadRoot], true)).toBe('accepted');
    expect(await judge([OID.workloadRoot], false)).toBe('ERR_EVENT_LOG_WORKLOAD');
  });

  it('has the image profile that the log measured', async () => {
    const judge = async (profile: string | undefined) => {
      const withProfile = ([first, ...rest]: readonly RuntimeEvent[]): readonly RuntimeEvent[] => {
        if (first?.type !== 'proofgate.platform') throw new Error('unexpected order');
        const { image_profile: _profile, ...plain } = first;
        return [profile === undefined ? plain : { ...plain, image_profile: profile }, ...rest];
      };
      const host = await attestedHost({ measured: withProfile });
      const document = { ...host.document, eventLog: withProfile(host.events) };
      return outcome({
        ...optionsFor(host, { document }),
        evidence: { kind: 'certificate', chain: host.chain },
      });
    };
    expect(await judge('production')).toBe('accepted');
    expect(await judge('debug')).toBe('ERR_EVIDENCE_MISMATCH');
    expect(await judge(undefined)).toBe('ERR_EVIDENCE_MISMATCH');
  });
});
