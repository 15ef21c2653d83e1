// SPDX-License-Identifier: Apache-2.0
import { parsePolicyText, VerifierError } from '@proofgate/verifier';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schemaOf, violations } from '../../cli/test/support/json-schema.ts';
import { mutatedJson } from '../fuzz/json-mutation.ts';
import { blocksIn, readPage } from './support/markdown-page.ts';
import { knownMembers } from './support/policy-members.ts';

const SCHEMA = schemaOf('policy');
const hex = (bytes: number): string => 'aB'.repeat(bytes);

/** Has every member, so that changes reach each of them. */
const FULL = {
  $schema: 'proofgate.policy.schema.json',
  version: 1,
  name: 'app ünder test',
  description: 'Everything that a policy can say.',
  allowDebug: false,
  tee: ['tdx', 'sgx', 'sev-snp'],
  roots: ['intel', 'amd', `sha256:${hex(32)}`],
  measurements: {
    tdx: { mrtd: hex(48), rtmr0: hex(48), rtmr1: hex(48), rtmr2: hex(48), rtmr3: hex(48) },
    snp: { measurement: hex(48) },
    sgx: { mrenclave: hex(32), mrsigner: hex(32) },
  },
  tcb: {
    accept: ['UpToDate', 'SWHardeningNeeded'],
    minimumEvaluationNumber: 19,
    denyAdvisories: 'INTEL-SA-00837',
    grace: {
      OutOfDate: { until: '2026-09-01T00:00:00Z' },
      TDRelaunchAdvised: { duration: 'P1DT12H' },
      ConfigurationNeeded: 'PT36H',
    },
    minimumSnp: { fmc: 1, bootLoader: 4, tee: 0, snp: 24, microcode: 219 },
  },
  tdx: { allowAttributes: ['migratable', 'perfmon'], serviceTds: hex(48) },
  snp: { allowVmpl: [1, 2, 3] },
  extensions: { workloadRoot: `hex:${hex(32)}`, '1.3.6.1.4.1.65230.2.8': 'utf8:production' },
  workloads: { app: [`sha256:${hex(32)}`], metrics: `sha256:${hex(32)}` },
  imageProfile: ['production', 'staging'],
  platforms: { fmspc: hex(6), piid: [hex(16)] },
  freshness: { mode: 'session', maxAge: 'P2W' },
};

const EXAMPLES = blocksIn([readPage('docs/policy.md')], 'json').map(({ text }) => text);
const CORPUS = [JSON.stringify(FULL), ...EXAMPLES];
const NO_SUCH_DATE = 'a time like 2026-01-31T12:00:00Z';

type Reading = 'accepted' | 'refused' | 'a date that does not exist';

/** What the parser says of a policy. */
function readingOf(text: string): Reading {
  try {
    parsePolicyText(text);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof VerifierError)) throw error;
    // The one thing that a pattern cannot say.
    return error.expected === NO_SUCH_DATE && violations(SCHEMA, JSON.parse(text)).length === 0
      ? 'a date that does not exist'
      : 'refused';
  }
}

/** Every member that the schema knows, entries of maps as `*`. */
function schemaMembers(schema: unknown, path: readonly string[] = []): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { $ref, anyOf, properties, additionalProperties } = schema as Readonly<
    Record<string, unknown>
  >;
  const definitions = SCHEMA['$defs'] as Readonly<Record<string, unknown>>;
  return [
    ...schemaMembers(definitions[String($ref).replace('#/$defs/', '')], path),
    ...(Array.isArray(anyOf) ? anyOf.flatMap((option) => schemaMembers(option, path)) : []),
    ...schemaMembers(additionalProperties, [...path, '*']),
    ...Object.entries(properties ?? {}).flatMap(([name, member]) => [
      [...path, name].join('.'),
      ...schemaMembers(member, [...path, name]),
    ]),
  ];
}

describe('the schema of policies', () => {
  it('has the members that the parser knows, and no others', () => {
    expect([...new Set(schemaMembers(SCHEMA))].sort()).toEqual([...knownMembers()].sort());
  });

  it.each(CORPUS)('fits policy %#', (text) => {
    expect(violations(SCHEMA, JSON.parse(text))).toEqual([]);
    expect(readingOf(text)).toBe('accepted');
  });

  it('says of changed policies what the parser says', () => {
    const count = { accepted: 0, refused: 0 };
    const inputs = mutatedJson(CORPUS.map((text) => new TextEncoder().encode(text))).filter(
      // Nothing at all is no document.
      ({ length }) => length > 0,
    );
    fc.assert(
      fc.property(inputs, (input) => {
        const text = new TextDecoder().decode(input);
        const reading = readingOf(text);
        if (reading === 'a date that does not exist') return;
        const found = violations(SCHEMA, JSON.parse(text));
        count[reading] += 1;
        expect([text, found.length === 0 ? 'accepted' : 'refused', found]).toEqual([
          text,
          reading,
          found,
        ]);
      }),
      { numRuns: 6000, seed: 20_260_601 },
    );
    // One kind alone would say nothing about the other.
    expect(Math.min(count.accepted, count.refused)).toBeGreaterThan(200);
  });

  it.each<[string, object]>([
    ['nothing that is acceptable', { version: 1, name: 'x', allowDebug: true }],
    [
      'weakenings alone',
      { version: 1, tdx: { allowAttributes: 'perfmon' }, snp: { allowVmpl: [1] } },
    ],
    ['a rule without members', { version: 1, tcb: {} }],
    ['no version', { tee: 'tdx' }],
    [
      'registers of two TEEs',
      { version: 1, measurements: { a: { mrtd: hex(48), mrsigner: hex(32) } } },
    ],
    ['a set without registers', { version: 1, measurements: { a: {} } }],
    ['no sets', { version: 1, measurements: {} }],
    [
      'an extension by name and by OID',
      { version: 1, extensions: { imageProfile: 'utf8:a', '1.3.6.1.4.1.65230.2.8': 'utf8:a' } },
    ],
    ['text without a UTF-8 form', { version: 1, extensions: { imageProfile: 'utf8:\ud800' } }],
    ['half a byte', { version: 1, extensions: { imageProfile: 'hex:123' } }],
    ['a prefix in capitals', { version: 1, roots: `SHA256:${hex(32)}` }],
    ['no time at all', { version: 1, freshness: { maxAge: 'PT0S' } }],
    ['a duration that ends in T', { version: 1, freshness: { maxAge: 'P1DT' } }],
    [
      'an hour that does not exist',
      { version: 1, tcb: { grace: { OutOfDate: { until: '2026-09-01T24:00:00Z' } } } },
    ],
    [
      'both kinds of grace',
      {
        version: 1,
        tcb: { grace: { OutOfDate: { until: '2026-09-01T00:00:00Z', duration: 'P1D' } } },
      },
    ],
    ['an empty list', { version: 1, tee: [] }],
    ['too long a list', { version: 1, imageProfile: new Array(1025).fill('a') }],
    ['a member of no prototype', JSON.parse('{"version":1,"tee":"tdx","__proto__":{}}') as object],
  ])('refuses %s, as the parser does', (_what, policy) => {
    expect(violations(SCHEMA, policy)).not.toEqual([]);
    expect(readingOf(JSON.stringify(policy))).toBe('refused');
  });

  it('takes a date that does not exist, which the parser does not', () => {
    const policy = { version: 1, tcb: { grace: { OutOfDate: { until: '2026-02-30T00:00:00Z' } } } };
    expect(violations(SCHEMA, policy)).toEqual([]);
    expect(readingOf(JSON.stringify(policy))).toBe('a date that does not exist');
  });
});
