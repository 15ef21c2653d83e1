// SPDX-License-Identifier: Apache-2.0
import { type ExtensionValue, OID, utf8 } from '@proofgate/evidence';
import {
  applyPolicy,
  explain,
  judge,
  outcomeOf,
  parsePolicy,
  type PolicySubject,
} from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { AT, decide, DIGEST, sound, subject, workload } from './policy-subject.ts';

describe('measurements', () => {
  const value = (register: 'mrtd' | 'rtmr0' | 'rtmr1'): string =>
    sound.measurements.get(register) ?? '';
  const wrong = '77'.repeat(48);

  it('accepts any set that matches in every register it lists', async () => {
    const good = { mrtd: value('mrtd'), rtmr1: value('rtmr1') };
    expect(await decide({ measurements: { good } })).toBe('accepted');
    expect(await decide({ measurements: { bad: { mrtd: wrong }, good } })).toBe('accepted');
    expect(await decide({ measurements: { bad: { ...good, rtmr0: wrong } } })).toBe(
      'ERR_POLICY_MEASUREMENT',
    );
    expect(await decide({ measurements: { snp: { measurement: value('mrtd') } } })).toBe(
      'ERR_POLICY_MEASUREMENT',
    );
  });

  it('explains which set is nearest and what differs', () => {
    const policy = parsePolicy({
      version: 1,
      name: 'p',
      measurements: {
        far: { mrtd: wrong, rtmr0: wrong },
        near: { mrtd: value('mrtd'), rtmr0: wrong },
      },
    });
    const decision = judge(subject(), policy);
    expect(decision.nearest).toEqual({
      set: 'near',
      differing: [{ register: 'rtmr0', expected: wrong, seen: value('rtmr0') }],
    });
    const text = explain(decision);
    expect(text).toMatch(/REFUSED\s*measurements/);
    expect(text).toContain('near');
    expect(text).toContain(wrong);
    const open = judge(
      subject(),
      parsePolicy({ version: 1, measurements: { a: { mrtd: value('mrtd') } } }),
    );
    expect(open.measurementSet).toBe('a');
    expect(open.checks).toContainEqual(
      expect.objectContaining({
        name: 'measurements.unlisted',
        seen: 'rtmr0, rtmr1, rtmr2, rtmr3',
      }),
    );
  });

  it('does not let names move the cursor', () => {
    const text = explain({ checks: [{ name: 'x', result: 'passed', seen: 'a\u001b[2Jb\u202e' }] });
    expect(text).toContain('a\\u{1b}[2Jb\\u{202e}');
  });
});

describe('what is inside', () => {
  const profile = (text: string): ExtensionValue => ({ oid: OID.imageProfile, value: utf8(text) });

  it('compares extensions to the byte', async () => {
    const extensions = [{ oid: OID.dataKeyOrigin, value: utf8('vault:a') }];
    const rule = async (value: string) =>
      decide({ extensions: { dataKeyOrigin: value } }, { extensions });
    expect(await rule('utf8:vault:a')).toBe('accepted');
    expect(await rule('hex:7661756C743A61')).toBe('accepted');
    expect(await rule('utf8:vault:b')).toBe('ERR_POLICY_EXTENSION');
    expect(await decide({ extensions: { dataKeyOrigin: 'utf8:vault:a' } })).toBe(
      'ERR_POLICY_EXTENSION',
    );
  });

  it('believes extensions only when a root of the private PKI vouches for them', async () => {
    const extensions = [{ oid: OID.dataKeyOrigin, value: utf8('vault:a') }, profile('dev')];
    const claims = { extensions: { dataKeyOrigin: 'utf8:vault:a' }, imageProfile: 'dev' };
    expect(await decide(claims, { extensions })).toBe('accepted');
    const unvouched = { extensions, chainVerified: false };
    expect(await decide(claims, unvouched)).toBe('ERR_POLICY_EXTENSION');
    expect(await decide({ imageProfile: 'dev' }, unvouched)).toBe('ERR_POLICY_IMAGE_PROFILE');
    // What refuses needs nobody's word.
    expect(await decide({ tee: 'tdx' }, unvouched)).toBe('ERR_POLICY_IMAGE_PROFILE');
  });

  it('accepts production images by default and others by name', async () => {
    expect(await decide({ tee: 'tdx' })).toBe('accepted');
    expect(await decide({ tee: 'tdx' }, { extensions: [profile('production')] })).toBe('accepted');
    expect(await decide({ tee: 'tdx' }, { extensions: [profile(' production\n')] })).toBe(
      'accepted',
    );
    const extensions = [profile('dev')];
    expect(await decide({ tee: 'tdx' }, { extensions })).toBe('ERR_POLICY_IMAGE_PROFILE');
    expect(await decide({ imageProfile: ['dev'] }, { extensions })).toBe('accepted');
    expect(await decide({ tee: 'tdx', allowDebug: true }, { extensions })).toBe('accepted');
    expect(await decide({ imageProfile: 'production' })).toBe('ERR_POLICY_IMAGE_PROFILE');
  });

  it('wants exactly the workloads that are named', async () => {
    const workloads = { web: [`sha256:${DIGEST}`] };
    expect(await decide({ workloads }, { workloads: [workload] })).toBe('accepted');
    expect(await decide({ workloads })).toBe('ERR_POLICY_WORKLOAD');
    expect(await decide({ workloads }, { workloads: [] })).toBe('ERR_POLICY_WORKLOAD');
    const other = { ...workload, imageDigest: '00'.repeat(32) };
    expect(await decide({ workloads }, { workloads: [other] })).toBe('ERR_POLICY_WORKLOAD');
    expect(await decide({ workloads }, { workloads: [workload, other] })).toBe(
      'ERR_POLICY_WORKLOAD',
    );
    const more = { ...workload, name: 'miner' };
    expect(await decide({ workloads }, { workloads: [workload, more] })).toBe(
      'ERR_POLICY_WORKLOAD',
    );
  });
});

describe('freshness', () => {
  it('wants a binding at least as strong as named', async () => {
    const mode = async (wanted: string, binding: PolicySubject['binding']) =>
      decide({ freshness: { mode: wanted } }, { binding });
    expect(await mode('certificate', 'certificate')).toBe('accepted');
    expect(await mode('certificate', 'session')).toBe('accepted');
    expect(await mode('certificate', 'none')).toBe('ERR_POLICY_FRESHNESS');
    expect(await mode('session', 'certificate')).toBe('ERR_POLICY_FRESHNESS');
  });

  it('bounds the age to the second', async () => {
    const age = async (maxAge: string, more: Partial<PolicySubject> = {}) =>
      decide({ freshness: { maxAge } }, more);
    expect(await age('PT1H')).toBe('accepted');
    expect(await age('PT59M59S')).toBe('ERR_POLICY_FRESHNESS');
    expect(await age('PT1H', { quoteTime: undefined })).toBe('ERR_POLICY_FRESHNESS');
    const future = new Date(AT.getTime() + 1000);
    expect(await age('PT1H', { quoteTime: future })).toBe('ERR_POLICY_FRESHNESS');
  });

  it('says why the age of a bare quote is unknown', () => {
    const policy = parsePolicy({ version: 1, freshness: { maxAge: 'PT1H' } });
    const { checks } = judge({ ...subject(), quoteTime: undefined }, policy);
    expect(checks).toContainEqual(
      expect.objectContaining({
        name: 'freshness.age',
        seen: 'unknown',
        hint: 'a bare quote or report does not say when it was made',
      }),
    );
  });
});

describe('errors', () => {
  it('tells refusals of a policy from a policy that cannot be used', () => {
    const outcome = (run: () => unknown): string => {
      try {
        run();
        return 'accepted';
      } catch (error) {
        return outcomeOf(error);
      }
    };
    const policy = parsePolicy({ version: 1, tee: 'sgx' });
    expect(outcome(() => applyPolicy(subject(), policy))).toBe('policy-refused');
    expect(outcome(() => parsePolicy({ version: 3 }))).toBe('misuse');
    expect(outcomeOf(new Error('x'))).toBe('internal');
  });
});
