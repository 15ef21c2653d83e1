// SPDX-License-Identifier: Apache-2.0
import {
  asReportData,
  batchReportData,
  batchTree,
  challengeReportData,
  deterministicReportData,
  parseCertificate,
  sessionLeaf,
  sessionReportData,
} from '@proofgate/evidence';
import {
  applyPolicy,
  checkBinding,
  checkSessionBinding,
  parsePolicy,
  type SessionChallenge,
} from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { subject } from './policy-subject.ts';
import { issue, leafExtensions, NOW } from './private-pki.ts';
import { refusal } from './refusal.ts';

const leafOf = (host: string) =>
  parseCertificate(issue({ commonName: host, extensions: leafExtensions([host]) }).certificate);
const leaf = leafOf('app.example.com');
const other = leafOf('app.example.com');
const context = new Uint8Array(32).fill(1);
const exported = new Uint8Array(32).fill(2);
const challenge: SessionChallenge = { context, exported, requestedAt: NOW };
const evidence = { reportData: sessionReportData(leaf.spki, context, exported) };

describe('checkSessionBinding', () => {
  it('computes what the evidence has to cover from the caller’s end', () => {
    expect(checkSessionBinding(leaf, evidence, challenge)).toEqual({
      kind: 'session',
      quoteTime: NOW,
    });
  });

  it.each<[string, typeof leaf, typeof evidence, Partial<SessionChallenge>, string]>([
    ['another key', other, evidence, {}, 'ERR_BINDING_SESSION'],
    ['another question', leaf, evidence, { context: exported }, 'ERR_BINDING_SESSION'],
    ['another session', leaf, evidence, { exported: context }, 'ERR_BINDING_SESSION'],
    [
      'GPU evidence that is not covered',
      leaf,
      evidence,
      { gpuEvidence: context },
      'ERR_BINDING_SESSION',
    ],
    [
      'evidence for the certificate',
      leaf,
      { reportData: deterministicReportData(leaf.spki, leaf.notBefore) },
      {},
      'ERR_BINDING_SESSION',
    ],
    [
      'report data of zeros',
      leaf,
      { reportData: asReportData(new Uint8Array(64)) },
      {},
      'ERR_BINDING_SESSION',
    ],
    [
      'exporter of zeros',
      leaf,
      evidence,
      { exported: new Uint8Array(32) },
      'ERR_REPORT_DATA_INPUT',
    ],
    ['no exporter', leaf, evidence, { exported: new Uint8Array() }, 'ERR_REPORT_DATA_INPUT'],
    ['short context', leaf, evidence, { context: context.slice(1) }, 'ERR_REPORT_DATA_INPUT'],
  ])('refuses %s', async (_what, certificate, claims, change, expected) => {
    const run = () => checkSessionBinding(certificate, claims, { ...challenge, ...change });
    expect(await refusal(run)).toBe(expected);
  });

  it('takes no answer to a challenge of the first version', async () => {
    const nonce = new Uint8Array(64).fill(3);
    const run = () =>
      checkSessionBinding(leaf, { reportData: challengeReportData(leaf.spki, nonce) }, challenge);
    expect(await refusal(run)).toBe('ERR_BINDING_SESSION');
  });

  it('is not what a certificate is bound by, nor the other way round', async () => {
    expect(await refusal(() => checkBinding(leaf, evidence))).toBe('ERR_BINDING_REPORT_DATA');
  });
});

describe('a policy that asks for a session', () => {
  const policy = (mode: string) => parsePolicy({ version: 1, freshness: { mode } });

  it.each([
    ['session', 'none', 'ERR_POLICY_FRESHNESS'],
    ['session', 'certificate', 'ERR_POLICY_FRESHNESS'],
    ['session', 'session', 'accepted'],
    ['certificate', 'none', 'ERR_POLICY_FRESHNESS'],
    ['certificate', 'session', 'accepted'],
  ] as const)('%s: %s is %s', async (mode, binding, expected) => {
    const run = () => applyPolicy(subject({ binding }), policy(mode));
    expect(await refusal(run)).toBe(expected);
  });
});

describe('checkSessionBinding for one of many sessions', () => {
  const made = (role: 'server' | 'client', time = NOW) => {
    const mine = sessionLeaf(role, leaf.spki, context, exported);
    const tree = batchTree([sessionLeaf('server', other.spki, context, exported), mine]);
    const { size } = tree;
    return {
      claims: { reportData: batchReportData(tree.root, size, time) },
      batch: { index: 1, size, path: tree.path(1), time },
    };
  };
  const minutes = (count: number) => new Date(NOW.getTime() + count * 60_000);
  const outcome = (role: 'server' | 'client', time?: Date, change: object = {}) => {
    const { claims, batch } = made(role, time);
    return refusal(async () =>
      Promise.resolve(checkSessionBinding(leaf, claims, { ...challenge, batch, ...change })),
    );
  };

  it('replays the path from a leaf of the caller’s own', async () => {
    const { claims, batch } = made('server');
    expect(checkSessionBinding(leaf, claims, { ...challenge, batch })).toEqual({
      kind: 'session',
      quoteTime: NOW,
    });
    expect(await outcome('server', undefined, { exported: context })).toBe('ERR_BINDING_SESSION');
    expect(await outcome('server', undefined, { context: exported })).toBe('ERR_BINDING_SESSION');
    expect(await outcome('server', undefined, { gpuEvidence: context })).toBe(
      'ERR_BINDING_SESSION',
    );
  });

  it('does not take what a client proved for what a server proves', async () => {
    expect(await outcome('client')).toBe('ERR_BINDING_SESSION');
  });

  it('demands a time near the question, and counts age from the earlier of the two', async () => {
    expect(await outcome('server', minutes(-5))).toBe('accepted');
    expect(await outcome('server', minutes(5))).toBe('accepted');
    for (const late of [minutes(-5.001), minutes(5.001), minutes(-60 * 24)]) {
      expect(await outcome('server', late)).toBe('ERR_BINDING_SESSION_TIME');
    }
    for (const [time, quoteTime] of [
      [minutes(-3), minutes(-3)],
      [minutes(3), NOW],
    ] as const) {
      const { claims, batch } = made('server', time);
      const bound = checkSessionBinding(leaf, claims, { ...challenge, batch });
      expect(bound.quoteTime).toEqual(quoteTime);
    }
  });
});
