// SPDX-License-Identifier: Apache-2.0
import { simulatedFault } from '@proofgate/simulator';
import type { QuoteClaims } from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { AT, claimsOf, decide, sound, soundRoot } from './policy-subject.ts';

describe('where evidence comes from', () => {
  it('judges the TEE and the root', async () => {
    expect(await decide({ tee: 'tdx' })).toBe('accepted');
    expect(await decide({ tee: ['sgx', 'sev-snp'] })).toBe('ERR_POLICY_TEE');
    expect(await decide({ roots: soundRoot })).toBe('accepted');
    expect(await decide({ roots: ['intel', 'amd'] })).toBe('ERR_POLICY_ROOT');
    expect(await decide({ roots: `sha256:${'00'.repeat(32)}` })).toBe('ERR_POLICY_ROOT');
  });

  it('judges the machine', async () => {
    const fmspc = 'f0f0f0f0f0f0';
    expect(await decide({ platforms: { fmspc } })).toBe('accepted');
    expect(await decide({ platforms: { fmspc: '000000000000' } })).toBe('ERR_POLICY_PLATFORM');
    expect(await decide({ platforms: { piid: '00'.repeat(16) } })).toBe('ERR_POLICY_PLATFORM');
  });
});

describe('attributes that open a TEE', () => {
  it('refuses a debug TD unless it is allowed by name', async () => {
    const evidence = await claimsOf(simulatedFault('N20').apply);
    const roots = evidence.trustAnchor.replace('custom:', 'sha256:');
    expect(await decide({ roots }, { evidence })).toBe('ERR_POLICY_DEBUG');
    expect(await decide({ roots, allowDebug: false }, { evidence })).toBe('ERR_POLICY_DEBUG');
    expect(await decide({ roots, allowDebug: true }, { evidence })).toBe('accepted');
  });

  const withBits = (...bits: readonly number[]): QuoteClaims => {
    if (sound.tee !== 'tdx') throw new Error('not a TD');
    const tdAttributes = new Uint8Array(8);
    for (const bit of bits) {
      tdAttributes[bit >> 3] = (tdAttributes[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
    return { ...sound, quote: { ...sound.quote, body: { ...sound.quote.body, tdAttributes } } };
  };
  const SEPT_VE_DISABLE = 28;

  it.each([
    ['only SEPT_VE_DISABLE', [SEPT_VE_DISABLE], undefined, 'accepted'],
    ['nothing', [], undefined, 'ERR_POLICY_ATTRIBUTES'],
    ['nothing, allowed', [], 'septVeDisableOff', 'accepted'],
    ['MIGRATABLE', [SEPT_VE_DISABLE, 29], undefined, 'ERR_POLICY_ATTRIBUTES'],
    ['MIGRATABLE, allowed', [SEPT_VE_DISABLE, 29], 'migratable', 'accepted'],
    ['MIGRATABLE, another allowed', [SEPT_VE_DISABLE, 29], 'perfmon', 'ERR_POLICY_ATTRIBUTES'],
    ['PKS', [SEPT_VE_DISABLE, 30], undefined, 'accepted'],
    ['key locker', [SEPT_VE_DISABLE, 31], undefined, 'accepted'],
    ['PERFMON', [SEPT_VE_DISABLE, 63], undefined, 'ERR_POLICY_ATTRIBUTES'],
    ['PERFMON, allowed', [SEPT_VE_DISABLE, 63], 'perfmon', 'accepted'],
    ['a bit of the debug group', [SEPT_VE_DISABLE, 3], undefined, 'ERR_POLICY_ATTRIBUTES'],
    ['a reserved bit', [SEPT_VE_DISABLE, 40], undefined, 'ERR_POLICY_ATTRIBUTES'],
  ])('%s', async (_name, bits, allow, expected) => {
    const tdx = allow === undefined ? {} : { tdx: { allowAttributes: allow } };
    expect(await decide({ tee: 'tdx', ...tdx }, { evidence: withBits(...bits) })).toBe(expected);
  });

  it('refuses service TDs that are not named', async () => {
    const evidence = await claimsOf(simulatedFault('N32').apply);
    if (evidence.tee !== 'tdx') throw new Error('not a TD');
    const roots = evidence.trustAnchor.replace('custom:', 'sha256:');
    const hash = Array.from(evidence.quote.body.mrServiceTd ?? [], (byte) =>
      byte.toString(16).padStart(2, '0'),
    ).join('');
    expect(await decide({ roots }, { evidence })).toBe('ERR_POLICY_SERVICE_TD');
    expect(await decide({ roots, tdx: { serviceTds: hash } }, { evidence })).toBe('accepted');
    expect(await decide({ roots, tdx: { serviceTds: '11'.repeat(48) } }, { evidence })).toBe(
      'ERR_POLICY_SERVICE_TD',
    );
  });
});

describe('TCB', () => {
  const with_ = (tcb: Partial<QuoteClaims['tcb']>): QuoteClaims => ({
    ...sound,
    tcb: { ...sound.tcb, ...tcb },
  });
  const tcbDate = new Date('2026-05-01T00:00:00Z');
  const outdated = with_({ status: 'OutOfDate', date: tcbDate, advisories: ['INTEL-SA-00615'] });

  it('accepts only statuses that are named', async () => {
    expect(await decide({ tee: 'tdx' }, { evidence: outdated })).toBe('ERR_POLICY_TCB_STATUS');
    const accept = ['UpToDate', 'OutOfDate'];
    expect(await decide({ tcb: { accept } }, { evidence: outdated })).toBe('accepted');
    expect(await decide({ tcb: { accept: 'SWHardeningNeeded' } })).toBe('ERR_POLICY_TCB_STATUS');
  });

  it('ends a grace to the second', async () => {
    const until = async (end: string, at: Date) =>
      decide({ tcb: { grace: { OutOfDate: { until: end } } } }, { evidence: outdated, at });
    const later = (seconds: number): Date => new Date(AT.getTime() + seconds * 1000);
    expect(await until('2026-06-01T12:00:00Z', AT)).toBe('accepted');
    expect(await until('2026-06-01T12:00:00Z', later(1))).toBe('ERR_POLICY_TCB_STATUS');
    expect(await until('2027-06-01T12:00:00Z', AT)).toBe('accepted');
    expect(await until('2029-06-01T12:00:00Z', AT)).toBe('ERR_POLICY_TCB_STATUS');
    const age = async (duration: string) =>
      decide({ tcb: { grace: { OutOfDate: duration } } }, { evidence: outdated });
    expect(await age('P31DT12H')).toBe('accepted');
    expect(await age('P31DT11H59M59S')).toBe('ERR_POLICY_TCB_STATUS');
    expect(
      await decide({ tcb: { grace: { SWHardeningNeeded: 'P400D' } } }, { evidence: outdated }),
    ).toBe('ERR_POLICY_TCB_STATUS');
  });

  it('judges the module that runs now beside the one at launch', async () => {
    const current = { status: 'OutOfDate', date: tcbDate, advisories: ['INTEL-SA-09999'] } as const;
    const evidence = with_({ current });
    expect(await decide({ tee: 'tdx' }, { evidence })).toBe('ERR_POLICY_TCB_STATUS');
    const tcb = { accept: ['UpToDate', 'OutOfDate'] };
    expect(await decide({ tcb }, { evidence })).toBe('accepted');
    const denied = { ...tcb, denyAdvisories: ['INTEL-SA-09999'] };
    expect(await decide({ tcb: denied }, { evidence })).toBe('ERR_POLICY_TCB_ADVISORY');
  });

  it('judges advisories and the evaluation number', async () => {
    const accept = ['OutOfDate'];
    const evidence = outdated;
    const deny = async (denyAdvisories: string) =>
      decide({ tcb: { accept, denyAdvisories } }, { evidence });
    expect(await deny('INTEL-SA-00614')).toBe('accepted');
    expect(await deny('INTEL-SA-00615')).toBe('ERR_POLICY_TCB_ADVISORY');
    const number = sound.tcb.evaluationNumber;
    const minimum = async (minimumEvaluationNumber: number) =>
      decide({ tcb: { minimumEvaluationNumber } });
    expect(await minimum(number)).toBe('accepted');
    expect(await minimum(number + 1)).toBe('ERR_POLICY_TCB_EVALUATION');
  });
});
