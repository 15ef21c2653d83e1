// SPDX-License-Identifier: Apache-2.0
import { applyPolicy, parsePolicy, verifySnpReport } from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { refusal } from './refusal.ts';
import { AMD_NOW, type AmdWish, OFFSET, simulatedAmd } from './simulated-amd.ts';

const set = (offset: number, value: number) => (bytes: Uint8Array) => {
  bytes[offset] = value;
};

describe('a policy for SEV-SNP', () => {
  const decide = async (policy: object, wish: AmdWish) => {
    const { report, endorsements, root } = simulatedAmd(wish);
    const evidence = await verifySnpReport(report, endorsements, { root, at: AMD_NOW });
    const subject = {
      evidence,
      extensions: [],
      chainVerified: false,
      workloads: undefined,
      binding: 'none',
      quoteTime: undefined,
      at: AMD_NOW,
    } as const;
    return refusal(() =>
      applyPolicy(subject, parsePolicy({ version: 1, tee: 'sev-snp', ...policy })),
    );
  };
  const vmpl = (level: number): AmdWish => ({ report: set(OFFSET.vmpl, level) });
  const minimum = { bootLoader: 2, tee: 0, snp: 4, microcode: 0x48 };
  const turin: AmdWish = { product: 'Turin' };

  it.each<[string, object, AmdWish, string]>([
    ['VMPL 0', {}, vmpl(0), 'accepted'],
    ['VMPL 2', {}, vmpl(2), 'ERR_POLICY_ATTRIBUTES'],
    ['VMPL 2, allowed', { snp: { allowVmpl: [2] } }, vmpl(2), 'accepted'],
    ['VMPL 0, another allowed', { snp: { allowVmpl: [2] } }, vmpl(0), 'accepted'],
    ['VMPL 1, another allowed', { snp: { allowVmpl: [2, 3] } }, vmpl(1), 'ERR_POLICY_ATTRIBUTES'],
    ['VMPL 0 without a list', {}, vmpl(0), 'accepted'],
    ['VMPL 4', { snp: { allowVmpl: [4] } }, vmpl(0), 'ERR_POLICY_INVALID'],
    ['VMPL 0 as an exception', { snp: { allowVmpl: [0] } }, vmpl(0), 'ERR_POLICY_INVALID'],
    ['no level', { snp: { allowVmpl: [] } }, vmpl(0), 'ERR_POLICY_INVALID'],
    ['an unknown key', { snp: { vmpl: 2 } }, vmpl(0), 'ERR_POLICY_INVALID'],
    ['minimum', { tcb: { minimumSnp: minimum } }, turin, 'accepted'],
    ['minimum of FMC', { tcb: { minimumSnp: { ...minimum, fmc: 1 } } }, turin, 'accepted'],
    [
      'FMC too old',
      { tcb: { minimumSnp: { ...minimum, fmc: 2 } } },
      turin,
      'ERR_POLICY_TCB_MINIMUM',
    ],
    ['no FMC', { tcb: { minimumSnp: { ...minimum, fmc: 0 } } }, {}, 'ERR_POLICY_TCB_MINIMUM'],
    ['debug', {}, { report: set(OFFSET.policy + 2, 0x0b) }, 'ERR_POLICY_DEBUG'],
    ['migration agent', {}, { report: set(OFFSET.policy + 2, 0x07) }, 'ERR_POLICY_ATTRIBUTES'],
  ])('%s', async (_what, policy, wish, expected) => {
    expect(await decide(policy, wish)).toBe(expected);
  });
});
