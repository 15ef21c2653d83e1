// SPDX-License-Identifier: Apache-2.0

/** What JSON can express. */
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** Parts of an input by their dotted path, such as `collateral.pck_crl`; null takes a part away. */
export type Parts = Readonly<Record<string, JsonValue>>;

/** Everything that one verification is given. README.md lists the members. */
export type VectorInput = Readonly<Record<string, JsonValue>>;

/** What an accepting verifier must have found out; members that are absent are not compared. */
export interface VectorClaims {
  readonly binding?: 'none' | 'certificate' | 'session';
  /** Intel's word for the TCB, or `none` where there is no such thing. */
  readonly tcbStatus?: string;
}

/** One rule with the two inputs that show it. They differ in the parts that `accepted` and `refused` name. */
export interface VectorRule {
  readonly id: string;
  /** What a verifier must do, in one sentence. */
  readonly rule: string;
  /** Name of the sound input that both sides start from. */
  readonly fixture: string;
  /** Parts that replace those of the fixture, on both sides. */
  readonly with: Parts;
  readonly accepted: { readonly with: Parts; readonly claims: VectorClaims };
  readonly refused: { readonly with: Parts; readonly code: string };
}

/** A file of rules. */
export interface VectorFile {
  readonly format: 1;
  readonly area: string;
  readonly rules: readonly VectorRule[];
}

/** The file of sound inputs. */
export interface FixtureFile {
  readonly format: 1;
  readonly fixtures: Readonly<Record<string, VectorInput>>;
}

/** The whole set. */
export interface VectorSet {
  readonly fixtures: FixtureFile;
  readonly areas: readonly VectorFile[];
}

/** How a verification ended. */
export type Outcome =
  | { readonly result: 'accepted'; readonly claims: Required<VectorClaims> }
  | { readonly result: 'refused'; readonly code: string };

/** One verification and how it has to end. */
export interface VectorCase {
  /** Rule and side, such as `pck-revoked/refused`. */
  readonly name: string;
  readonly input: VectorInput;
  readonly expected:
    | { readonly result: 'accepted'; readonly claims: VectorClaims }
    | { readonly result: 'refused'; readonly code: string };
}

/**
 * Lists the cases of a set, two for each rule.
 *
 * @throws Error when a rule names a fixture that does not exist
 */
export function casesOf({ fixtures: { fixtures }, areas }: VectorSet): VectorCase[] {
  return areas.flatMap(({ rules }) =>
    rules.flatMap((rule): VectorCase[] => {
      const fixture = fixtures[rule.fixture];
      if (fixture === undefined) throw new Error(`${rule.id}: no fixture ${rule.fixture}`);
      const sound = withParts(fixture, rule.with);
      const { accepted, refused } = rule;
      return [
        {
          name: `${rule.id}/accepted`,
          input: withParts(sound, accepted.with),
          expected: { result: 'accepted', claims: accepted.claims },
        },
        {
          name: `${rule.id}/refused`,
          input: withParts(sound, refused.with),
          expected: { result: 'refused', code: refused.code },
        },
      ];
    }),
  );
}

/** Puts parts into an input. */
export function withParts(input: VectorInput, parts: Parts): VectorInput {
  return Object.entries(parts).reduce(
    (whole, [path, value]) => withPart(whole, path.split('.'), value),
    input,
  );
}

function withPart(
  object: VectorInput,
  [name = '', ...rest]: readonly string[],
  value: JsonValue,
): VectorInput {
  const { [name]: present, ...others } = object;
  if (rest.length > 0) {
    return { ...object, [name]: withPart(isObject(present) ? present : {}, rest, value) };
  }
  return value === null ? others : { ...object, [name]: value };
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is VectorInput {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
