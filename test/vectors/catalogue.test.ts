// SPDX-License-Identifier: Apache-2.0
import { EVIDENCE_ERRORS } from '@proofgate/evidence';
import { VERIFIER_ERRORS } from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { generateVectors } from './generate.ts';
import { readVectorFiles, vectorSetOf } from './read-vectors.ts';
import { runVector } from './run-vector.ts';
import { casesOf, type VectorSet } from './vector-format.ts';

const MAX_BYTES = 3 * 1024 * 1024;
const MIN_CASES = 80;

/** Codes of refusals that no vector shows, with the reason. */
const WITHOUT_VECTOR: Readonly<Record<string, string>> = {
  ERR_BINDING_SESSION_TIME: 'a matter of when the client asked; the tests of the binding reach it',
  ERR_CERT_TOO_LARGE: 'a bound on size; the parser’s own tests reach it',
  ERR_CRL_INVALID: 'reported as ERR_CRL_UNREADABLE',
  ERR_CRL_TOO_LARGE: 'reported as ERR_CRL_UNREADABLE',
  ERR_EVENT_LOG_TOO_LARGE: 'the firmware’s log is not part of a verdict',
  ERR_EVENT_LOG_INVALID: 'the firmware’s log is not part of a verdict',
  ERR_DOCUMENT_TOO_LARGE: 'a bound on size; the writer’s own tests reach it',
};
/** What a vector can show: a verdict on evidence. Networks, tokens and encodings have their own tests. */
const SHOWN =
  /^ERR_(ATTESTATION|BINDING|CERT|CRL|DCAP|DOCUMENT|EVENT_LOG|EVIDENCE|MANIFEST|PCK|POLICY|QUOTE|RUNTIME_EVENT|SNP)_/;

const files = readVectorFiles();
const stored = vectorSetOf(files);
const generated = await generateVectors();
const fresh: VectorSet = { fixtures: generated.fixtures, areas: Object.values(generated.areas) };

/** Everything about a set that stays the same when it is made again: bytes do not, because keys are new. */
function shapeOf({ fixtures, areas }: VectorSet): unknown {
  return {
    fixtures: Object.entries(fixtures.fixtures).map(([name, input]) => [name, Object.keys(input)]),
    areas: areas
      .map(({ format, area, rules }) => ({
        format,
        area,
        rules: rules.map((rule) => ({
          ...rule,
          with: Object.keys(rule.with),
          accepted: { ...rule.accepted, with: Object.keys(rule.accepted.with) },
          refused: { ...rule.refused, with: Object.keys(rule.refused.with) },
        })),
      }))
      .toSorted((a, b) => a.area.localeCompare(b.area)),
  };
}

describe('the stored vectors', () => {
  it('are those of the catalogue', () => {
    // Made anew with: node test/vectors/generate.mjs
    expect(shapeOf(stored)).toEqual(shapeOf(fresh));
    const names = ['fixtures', ...Object.keys(generated.areas)].map((name) => `${name}.json`);
    expect([...files.keys()]).toEqual(names.toSorted());
  });

  it('are small enough to keep', () => {
    const bytes = [...files.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    expect(bytes).toBeLessThan(MAX_BYTES);
  });

  it('show every rule by two inputs that differ', () => {
    const rules = stored.areas.flatMap((file) => file.rules);
    expect(rules.length).toBeGreaterThanOrEqual(MIN_CASES);
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    const cases = casesOf(stored);
    for (let index = 0; index < cases.length; index += 2) {
      const [accepted, refused] = [cases[index]!, cases[index + 1]!];
      expect(accepted.input, accepted.name).not.toEqual(refused.input);
    }
  });

  it('reach every refusal of evidence', () => {
    const shown = new Set<string>(
      stored.areas.flatMap(({ rules }) => rules.map(({ refused }) => refused.code)),
    );
    const codes = Object.entries({ ...EVIDENCE_ERRORS, ...VERIFIER_ERRORS })
      .filter(([code, [family]]) => family === 'rejected' && SHOWN.test(code))
      .map(([code]) => code);
    const missing = codes.filter((code) => !shown.has(code));
    expect(missing.toSorted()).toEqual(Object.keys(WITHOUT_VECTOR).toSorted());
  });
});

describe('vectors made now', () => {
  it('end as the catalogue says', async () => {
    for (const { name, input, expected } of casesOf(fresh)) {
      expect(await runVector(input), name).toMatchObject(expected);
    }
  });
});

describe('the runner', () => {
  it('takes nothing that is not a vector', async () => {
    const input = stored.fixtures.fixtures['tdx']!;
    await expect(runVector({ ...input, extra: 1 })).rejects.toThrow('no member extra');
    await expect(runVector({ ...input, evidence: 'surprise' })).rejects.toThrow('of kind surprise');
    await expect(runVector({ ...input, quote: 7 })).rejects.toThrow('quote is not text');
  });
});
