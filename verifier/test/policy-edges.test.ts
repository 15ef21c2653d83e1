// SPDX-License-Identifier: Apache-2.0
import { OID, toHex, utf8 } from '@proofgate/evidence';
import {
  createSimulatedPlatform,
  simulatedFault,
  type PlatformDescription,
} from '@proofgate/simulator';
import { judge, parsePolicy, prepareCollateral, verifyQuote } from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { describe as describeValue, JsonFields } from '../src/json/json-fields.ts';
import { jsonFromValue } from '../src/json/json-from-value.ts';
import { MAX_JSON_DEPTH, parseStrictJson } from '../src/json/strict-json.ts';
import { readFlag } from '../src/policy/policy-fields.ts';
import { AT, claimsOf, decide, DIGEST, sound, subject, workload } from './policy-subject.ts';
import { refusal } from './refusal.ts';

const INVALID = 'ERR_POLICY_INVALID';
const parse = async (policy: object) => refusal(() => parsePolicy({ version: 1, ...policy }));

describe('a policy', () => {
  it.each<[string, object, object]>([
    ['profiles of one line', { imageProfile: 'debug' }, { imageProfile: 'a\nb' }],
    ['profiles that are text', { imageProfile: ['a', 'b'] }, { imageProfile: ['a', 1] }],
    [
      'advisories by their ids',
      { tcb: { denyAdvisories: ['INTEL-SA-00615'] } },
      { tcb: { denyAdvisories: ['intel sa'] } },
    ],
    [
      'workloads by names',
      { workloads: { web: `sha256:${DIGEST}` } },
      { workloads: { 'two\nlines': `sha256:${DIGEST}` } },
    ],
    [
      'workloads with digests',
      { workloads: { web: `sha256:${DIGEST}` } },
      { workloads: { web: [] } },
    ],
    ['one workload at least', { workloads: { web: `sha256:${DIGEST}` } }, { workloads: {} }],
    ['words', { tee: 'tdx' }, { tee: 'TDX' }],
    ['true or false', { tee: 'tdx', allowDebug: true }, { tee: 'tdx', allowDebug: 'yes' }],
  ])('has %s', async (_what, good, bad) => {
    expect(await parse(good)).toBe('accepted');
    expect(await parse(bad)).toBe(INVALID);
  });

  it('is bounded in depth', async () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
    expect(() => jsonFromValue(nested(MAX_JSON_DEPTH))).not.toThrow();
    expect(() => jsonFromValue(nested(MAX_JSON_DEPTH + 1))).toThrow('nested deeper');
    expect(await parse({ tee: nested(MAX_JSON_DEPTH + 1) })).toBe(INVALID);
    for (const odd of [Number.NaN, Infinity, undefined, () => 1, 1n]) {
      expect(() => jsonFromValue(odd)).toThrow('is not JSON');
    }
    expect(jsonFromValue([1, 'a', true, null])).toEqual([1, 'a', true, null]);
  });
});

describe('members of a JSON object', () => {
  const fail = (path: string, expected: string, seen: string): never => {
    throw new Error(`${path}: ${expected}, not ${seen}`);
  };
  const fields = new JsonFields(
    parseStrictJson('{"a":[1],"b":"x","c":{},"t":"2026-01-31T12:00:00Z"}'),
    () => 'top',
    fail,
  );

  it('are named with their path when they are of another kind', () => {
    expect(() => fields.array('b', 0, 1)).toThrow('top.b: an array, not "x"');
    expect(() => fields.array('a', 2, 3)).toThrow('top.a: 2 to 3 items, not 1 items');
    expect(fields.array('a', 1, 1)).toEqual([1]);
    expect(() => fields.strings('a', 1, /./, 'text')).toThrow('top.a[0]: text, not 1');
    expect(() => fields.objects('a', 1, 1)).toThrow('top.a[0]: an object, not 1');
    expect(() => fields.string('b', /^y$/)).toThrow('top.b: a string, not "x"');
    expect(() => fields.string('c')).toThrow('top.c: a string, not an object');
    expect(() => readFlag(fields, 'a')).toThrow('top.a: true or false, not an array');
    expect(readFlag(fields, 'none')).toBe(false);
    expect(() => fields.integer('t', 0, 1)).toThrow('top.t: an integer from 0 to 1');
    expect(() => fields.hex('b', 1)).toThrow('top.b: 1 bytes in hex, not "x"');
    expect(() => fields.time('b')).toThrow('top.b: a time like');
    expect(() => fields.object('none')).toThrow('top.none: an object, not nothing');
    expect(fields.time('t')).toEqual(new Date('2026-01-31T12:00:00Z'));
  });

  it('are cut short in messages', () => {
    expect(describeValue('x'.repeat(78))).toBe(`"${'x'.repeat(78)}"`);
    expect(describeValue('x'.repeat(79))).toBe(`"${'x'.repeat(79)}…`);
  });
});

describe('judging', () => {
  it('looks at SGX enclaves for debug mode alone', async () => {
    const claims = async (attributes: number) => {
      const platform = createSimulatedPlatform({
        at: AT,
        quoteVersion: 3,
        alter: ({ enclave }: PlatformDescription) => {
          enclave.attributes = enclave.attributes.with(0, attributes);
        },
      });
      const root = { sha256: platform.rootSha256 };
      const collateral = await prepareCollateral(platform.collateral(), { root, at: AT });
      const quote = await platform.quote(new Uint8Array(64));
      return {
        evidence: await verifyQuote(quote, collateral, { at: AT }),
        roots: `sha256:${platform.rootSha256}`,
      };
    };
    const good = await claims(0x15);
    expect(await decide({ roots: good.roots }, good)).toBe('accepted');
    const { checks } = judge(
      subject({ evidence: good.evidence }),
      parsePolicy({ version: 1, tee: 'sgx' }),
    );
    expect(checks.filter(({ name }) => name.startsWith('td.'))).toEqual([]);
    const debug = await claims(0x17);
    expect(await decide({ roots: debug.roots }, debug)).toBe('ERR_POLICY_DEBUG');
    expect(await decide({ roots: debug.roots, allowDebug: true }, debug)).toBe('accepted');
  });

  it('accepts extensions by value, also those without a name', async () => {
    const oid = '1.3.6.1.4.1.65230.99.1';
    const extensions = [{ oid, value: utf8('a') }];
    const wanted = (value: string) => ({ extensions: { [oid]: `utf8:${value}` } });
    expect(await decide(wanted('a'), { extensions })).toBe('accepted');
    expect(await decide(wanted('b'), { extensions })).toBe('ERR_POLICY_EXTENSION');
    expect(await decide(wanted('a'))).toBe('ERR_POLICY_EXTENSION');
  });

  it('ignores white space around an image profile, and nothing else', async () => {
    const profile = (text: string) => ({
      extensions: [{ oid: OID.imageProfile, value: utf8(text) }],
    });
    expect(await decide({ tee: 'tdx' }, profile(' production\n'))).toBe('accepted');
    expect(await decide({ tee: 'tdx' }, profile('Production'))).toBe('ERR_POLICY_IMAGE_PROFILE');
    expect(await decide({ imageProfile: ['a', 'b'] }, profile('b'))).toBe('accepted');
    expect(await decide({ imageProfile: ['a', 'b'] }, profile('c'))).toBe(
      'ERR_POLICY_IMAGE_PROFILE',
    );
    expect(await decide({ imageProfile: ['a', 'b'] })).toBe('ERR_POLICY_IMAGE_PROFILE');
  });

  it('compares workloads by name and digest, both ways', async () => {
    const workloads = { web: `sha256:${DIGEST}` };
    expect(await decide({ workloads }, { workloads: [workload] })).toBe('accepted');
    expect(await decide({ workloads }, { workloads: [] })).toBe('ERR_POLICY_WORKLOAD');
    const other = { ...workload, name: 'other' };
    expect(await decide({ workloads }, { workloads: [workload, other] })).toBe(
      'ERR_POLICY_WORKLOAD',
    );
    const changed = { ...workload, imageDigest: '5b'.repeat(32) };
    expect(await decide({ workloads }, { workloads: [changed] })).toBe('ERR_POLICY_WORKLOAD');
    expect(await decide({ workloads }, { workloads: undefined })).toBe('ERR_POLICY_WORKLOAD');
  });

  it('counts advisories of now as well as those at launch', async () => {
    const relaunch = await claimsOf(simulatedFault('S4').apply);
    const roots = relaunch.trustAnchor.replace('custom:', 'sha256:');
    const tcb = { accept: ['TDRelaunchAdvised', 'UpToDate'] };
    expect(await decide({ roots, tcb }, { evidence: relaunch })).toBe('accepted');
    const denied = { ...tcb, denyAdvisories: ['SIMULATED-SA-00001'] };
    expect(await decide({ roots, tcb: denied }, { evidence: relaunch })).toBe(
      'ERR_POLICY_TCB_ADVISORY',
    );
    expect(await decide({ tcb: { denyAdvisories: ['SIMULATED-SA-00001'] } })).toBe('accepted');
  });

  it('takes an evaluation number at the minimum', async () => {
    const number = sound.tcb.evaluationNumber;
    const least = (minimumEvaluationNumber: number) => ({ tcb: { minimumEvaluationNumber } });
    expect(await decide(least(number))).toBe('accepted');
    expect(await decide(least(number + 1))).toBe('ERR_POLICY_TCB_EVALUATION');
  });

  it('takes evidence made this very moment, and of exactly the greatest age', async () => {
    const maxAge = { freshness: { maxAge: 'PT1H' } };
    const aged = async (ageMs: number) =>
      decide(maxAge, { quoteTime: new Date(AT.getTime() - ageMs) });
    expect(await aged(0)).toBe('accepted');
    expect(await aged(3_600_000)).toBe('accepted');
    expect(await aged(3_600_001)).toBe('ERR_POLICY_FRESHNESS');
    expect(await aged(-1)).toBe('ERR_POLICY_FRESHNESS');
    expect(await decide(maxAge, { quoteTime: undefined })).toBe('ERR_POLICY_FRESHNESS');
  });

  it('names machines by instance', async () => {
    const piid = toHex(sound.platform.platformInstanceId ?? new Uint8Array());
    expect(await decide({ platforms: { piid } })).toBe('accepted');
    expect(await decide({ platforms: { piid: '00'.repeat(16) } })).toBe('ERR_POLICY_PLATFORM');
  });

  it('takes a grace of 400 days, and none that is longer', async () => {
    const old = await claimsOf(simulatedFault('S1').apply);
    const roots = old.trustAnchor.replace('custom:', 'sha256:');
    const until = async (offset: number) => {
      const end = new Date(AT.getTime() + 400 * 86_400_000 + offset);
      const time = `${end.toISOString().slice(0, 19)}Z`;
      return decide({ roots, tcb: { grace: { OutOfDate: { until: time } } } }, { evidence: old });
    };
    expect(await until(0)).toBe('accepted');
    expect(await until(1000)).toBe('ERR_POLICY_TCB_STATUS');
    const age = Math.floor((AT.getTime() - old.tcb.date.getTime()) / 86_400_000);
    const lasting = async (days: number) =>
      decide({ roots, tcb: { grace: { OutOfDate: `P${age + days}D` } } }, { evidence: old });
    expect(await lasting(399)).toBe('accepted');
    expect(await lasting(402)).toBe('ERR_POLICY_TCB_STATUS');
  });

  it('says what it saw', () => {
    const seenOf = (name: string, policy: object, more: Parameters<typeof subject>[0] = {}) => {
      const { checks } = judge(subject(more), parsePolicy({ version: 1, ...policy }));
      const { seen, hint } = checks.find((check) => check.name === name) ?? {};
      return hint === undefined ? seen : `${seen}; ${hint}`;
    };
    const workloads = { web: `sha256:${DIGEST}` };
    const other = { ...workload, name: 'other' };
    const changed = { ...workload, imageDigest: '5b'.repeat(32) };
    expect(seenOf('workloads', { workloads }, { workloads: [] })).toBe('none; web does not run');
    expect(seenOf('workloads', { workloads }, { workloads: [workload, other] })).toMatch(
      /; other is not in the policy$/,
    );
    expect(seenOf('workloads', { workloads }, { workloads: [changed] })).toMatch(
      /^web=sha256:(5b)+; web runs another image$/,
    );
    expect(seenOf('freshness.age', { tee: 'tdx' }, { quoteTime: undefined })).toBe('unknown');
    expect(seenOf('freshness.age', { tee: 'tdx' })).not.toBe('unknown');
    const migratable = (policy: object) =>
      judge(subject(), parsePolicy({ version: 1, tee: 'tdx', ...policy })).checks.find(
        ({ name }) => name === 'td.migratable',
      );
    expect(migratable({})).toMatchObject({ expected: 'off', seen: 'off' });
    expect(migratable({ tdx: { allowAttributes: ['migratable'] } })).toMatchObject({
      expected: 'anything',
    });
    const every = Object.fromEntries(sound.measurements);
    expect(seenOf('measurements.unlisted', { measurements: { every } })).toBeUndefined();
  });
});
