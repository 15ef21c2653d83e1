// SPDX-License-Identifier: Apache-2.0
import type { LoadedWorkload } from '@proofgate/evidence';
import { createSimulatedPlatform, type SimulatedFault } from '@proofgate/simulator';
import {
  applyPolicy,
  judge,
  parsePolicy,
  type PolicySubject,
  prepareCollateral,
  type QuoteClaims,
  verifyQuote,
} from '@proofgate/verifier';
import { expect } from 'vitest';
import { refusal } from './refusal.ts';

export const AT = new Date('2026-06-01T12:00:00Z');
export const DIGEST = '5a'.repeat(32);

export async function claimsOf(alter?: SimulatedFault['apply']): Promise<QuoteClaims> {
  const platform = createSimulatedPlatform({ at: AT, ...(alter === undefined ? {} : { alter }) });
  const root = { sha256: platform.rootSha256 };
  const collateral = await prepareCollateral(platform.collateral(), { root, at: AT });
  return verifyQuote(await platform.quote(new Uint8Array(64)), collateral, { at: AT });
}

export const sound: QuoteClaims = await claimsOf();
/** How a policy names the sound platform's root. */
export const soundRoot: string = sound.trustAnchor.replace('custom:', 'sha256:');
export const workload: LoadedWorkload = {
  name: 'web',
  imageRef: 'example.com/web',
  imageDigest: DIGEST,
  configRoot: '00'.repeat(32),
  specDigest: '00'.repeat(32),
};

/** Sound evidence, with differences. */
export function subject(more: Partial<PolicySubject> = {}): PolicySubject {
  return {
    evidence: sound,
    extensions: [],
    chainVerified: true,
    workloads: undefined,
    binding: 'certificate',
    quoteTime: new Date(AT.getTime() - 3_600_000),
    at: AT,
    ...more,
  };
}

/** What a policy makes of it: accepted, or a code. */
export async function decide(policy: object, more: Partial<PolicySubject> = {}): Promise<string> {
  const parsed = parsePolicy({ version: 1, roots: [soundRoot, 'intel', 'amd'], ...policy });
  const code = await refusal(() => applyPolicy(subject(more), parsed));
  const decision = judge(subject(more), parsed);
  expect(decision.accepted).toBe(code === 'accepted');
  expect(decision.refusal?.code ?? 'accepted').toBe(code);
  return code;
}
