// SPDX-License-Identifier: Apache-2.0
import { CodedError, OID } from '@proofgate/evidence';
import { parsePolicy, parsePolicyText } from '@proofgate/verifier';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { refusal } from './refusal.ts';

const MRTD = 'ab'.repeat(48);

async function code(policy: unknown): Promise<string> {
  return refusal(() => parsePolicy(policy));
}

describe('a policy file', () => {
  it('reads every field', () => {
    const policy = parsePolicy({
      $schema: 'https://example.com/policy.json',
      version: 1,
      name: 'production',
      description: 'what we run',
      tee: ['tdx', 'sev-snp'],
      roots: ['intel', `sha256:${'CD'.repeat(32)}`],
      measurements: { v1: { mrtd: MRTD.toUpperCase(), rtmr1: MRTD } },
      tcb: {
        accept: ['UpToDate', 'SWHardeningNeeded'],
        minimumEvaluationNumber: 17,
        denyAdvisories: ['INTEL-SA-00615'],
        grace: {
          OutOfDate: { until: '2026-12-01T00:00:00Z' },
          ConfigurationNeeded: 'P90D',
          OutOfDateConfigurationNeeded: { duration: 'P2W' },
        },
        minimumSnp: { bootLoader: 3, tee: 0, snp: 8, microcode: 115 },
      },
      tdx: { allowAttributes: ['perfmon'], serviceTds: [MRTD] },
      extensions: { imageProfile: 'utf8:production', '1.2.3': 'hex:00FF' },
      workloads: { web: [`sha256:${'12'.repeat(32)}`] },
      imageProfile: 'production',
      platforms: { fmspc: '90c06f000000', piid: ['00'.repeat(16)] },
      freshness: { mode: 'certificate', maxAge: 'PT12H' },
      allowDebug: false,
    });
    expect(policy.name).toBe('production');
    expect(policy.tee).toEqual(['tdx', 'sev-snp']);
    expect(policy.roots).toEqual(['intel', `sha256:${'cd'.repeat(32)}`]);
    expect(policy.measurements?.[0]?.values.get('mrtd')).toBe(MRTD);
    expect(policy.tcb.grace.get('ConfigurationNeeded')).toMatchObject({ maxAgeMs: 7_776_000_000 });
    expect(policy.tcb.grace.get('OutOfDateConfigurationNeeded')).toMatchObject({ kind: 'age' });
    expect(policy.extensions.map(({ oid }) => oid)).toEqual([OID.imageProfile, '1.2.3']);
    expect([...(policy.extensions[1]?.value ?? [])]).toEqual([0, 255]);
    expect(policy.freshness).toEqual({ mode: 'certificate', maxAgeMs: 43_200_000 });
  });

  it('fills in what is safe', () => {
    const policy = parsePolicy({ version: 1, tee: 'tdx' });
    expect(policy.tee).toEqual(['tdx']);
    expect(policy.tcb.accept).toEqual(['UpToDate']);
    expect(policy.allowDebug).toBe(false);
    expect(policy.roots).toBeUndefined();
    expect(policy.name).toBe('unnamed');
  });

  it('refuses to be empty', async () => {
    expect(await code({ version: 1 })).toBe('ERR_POLICY_EMPTY');
    expect(await code({ version: 1, name: 'x', allowDebug: true })).toBe('ERR_POLICY_EMPTY');
    // What only weakens says nothing of what is acceptable.
    expect(await code({ version: 1, tdx: { allowAttributes: 'migratable' } })).toBe(
      'ERR_POLICY_EMPTY',
    );
    expect(await code({ version: 1, snp: { allowVmpl: [1] } })).toBe('ERR_POLICY_EMPTY');
    for (const nothing of [{}, null, undefined, [], 'x', 1]) {
      expect(await code(nothing)).toBe('ERR_POLICY_INVALID');
    }
  });

  it.each([
    ['another version', { version: 2, tee: 'tdx' }],
    ['version as text', { version: '1', tee: 'tdx' }],
    ['an unknown TEE', { version: 1, tee: 'sgx2' }],
    ['an empty list', { version: 1, tee: [] }],
    ['an unknown root', { version: 1, roots: ['arm'] }],
    ['a root hash that is short', { version: 1, roots: ['sha256:abcd'] }],
    ['no measurement sets', { version: 1, measurements: {} }],
    ['no rule on the TCB', { version: 1, tcb: {} }],
    ['no grace', { version: 1, tcb: { grace: {} } }],
    ['no allowance for TDs', { version: 1, tee: 'tdx', tdx: {} }],
    ['no allowance for guests', { version: 1, tee: 'sev-snp', snp: {} }],
    ['no extension', { version: 1, extensions: {} }],
    ['no platform', { version: 1, platforms: {} }],
    ['no rule on freshness', { version: 1, freshness: {} }],
    ['an empty set', { version: 1, measurements: { a: {} } }],
    ['a short register', { version: 1, measurements: { a: { mrtd: 'abcd' } } }],
    [
      'registers of two TEEs',
      { version: 1, measurements: { a: { mrtd: MRTD, measurement: MRTD } } },
    ],
    ['an unknown register', { version: 1, measurements: { a: { rtmr4: MRTD } } }],
    ['Revoked as acceptable', { version: 1, tcb: { accept: ['Revoked'] } }],
    ['grace for Revoked', { version: 1, tcb: { grace: { Revoked: 'P1D' } } }],
    ['grace without an end', { version: 1, tcb: { grace: { OutOfDate: {} } } }],
    ['grace for ever', { version: 1, tcb: { grace: { OutOfDate: 'always' } } }],
    [
      'grace with two ends',
      {
        version: 1,
        tcb: { grace: { OutOfDate: { until: '2026-12-01T00:00:00Z', duration: 'P1D' } } },
      },
    ],
    [
      'a date that does not exist',
      { version: 1, tcb: { grace: { OutOfDate: { until: '2026-02-30T00:00:00Z' } } } },
    ],
    ['a duration in months', { version: 1, freshness: { maxAge: 'P1M' } }],
    ['an empty duration', { version: 1, freshness: { maxAge: 'PT' } }],
    ['a zero duration', { version: 1, freshness: { maxAge: 'PT0S' } }],
    ['an unknown mode', { version: 1, freshness: { mode: 'none' } }],
    ['an extension by an unknown name', { version: 1, extensions: { imagProfile: 'hex:00' } }],
    [
      'an extension without an encoding',
      { version: 1, extensions: { imageProfile: 'production' } },
    ],
    [
      'an extension twice',
      { version: 1, extensions: { imageProfile: 'hex:00', [OID.imageProfile]: 'hex:00' } },
    ],
    ['a workload without digests', { version: 1, workloads: { web: [] } }],
    ['a workload by tag', { version: 1, workloads: { web: ['ghcr.io/web:latest'] } }],
    ['allowDebug as text', { version: 1, tee: 'tdx', allowDebug: 'false' }],
    ['a function', { version: 1, tee: () => 'tdx' }],
  ])('refuses %s', async (_what, policy) => {
    expect(await code(policy)).toBe('ERR_POLICY_INVALID');
  });

  it('names the key that a mistyped one is nearest to', () => {
    try {
      parsePolicy({ version: 1, mesurements: {} });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        code: 'ERR_POLICY_INVALID',
        hint: 'did you mean measurements?',
      });
    }
    try {
      parsePolicy({ version: 1, tcb: { acept: [] } });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ seen: 'acept', hint: 'did you mean accept?' });
    }
  });
});

describe('policy text', () => {
  const text = (body: string) => refusal(() => parsePolicyText(body));

  it('accepts JSON and refuses what JSON parsers differ in', async () => {
    expect(await text('{ "version": 1, "tee": "tdx" }')).toBe('accepted');
    expect(await text('{ "version": 1, "t\\u0065e": "tdx" }')).toBe('accepted');
    for (const bad of [
      '{ "version": 1, "tee": "tdx", "tee": "sev-snp" }',
      '{ "version": 1, "tee": "tdx", "t\\u0065e": "sev-snp" }',
      '{ "version": 1, "tee": "tdx" } x',
      '{ "version": 1, "tee": "tdx", }',
      '{ "version": 01, "tee": "tdx" }',
      '{ "version": 1, // no\n "tee": "tdx" }',
      "{ 'version': 1 }",
      '{ "version": 1, "tee": "td\nx" }',
      '',
      '{',
      `${'['.repeat(100)}${']'.repeat(100)}`,
      `{ "version": 1, "tee": "tdx", "description": "${'x'.repeat(300_000)}" }`,
    ]) {
      expect(await text(bad), bad.slice(0, 60)).toBe('ERR_POLICY_INVALID');
    }
  });

  it('is not confused by names of prototypes', async () => {
    expect(await text('{ "version": 1, "tee": "tdx", "__proto__": { "allowDebug": true } }')).toBe(
      'ERR_POLICY_INVALID',
    );
    expect(await text('{ "version": 1, "extensions": { "constructor": "hex:00" } }')).toBe(
      'ERR_POLICY_INVALID',
    );
  });

  it('reads the same values as JSON.parse, or refuses', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        try {
          parsePolicyText(json);
        } catch (error) {
          expect(error).toBeInstanceOf(CodedError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
