// SPDX-License-Identifier: Apache-2.0
import { utf8 } from '@proofgate/evidence';
import fc from 'fast-check';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

interface Edit {
  readonly kind: 'replace' | 'remove' | 'rename' | 'repeat' | 'move';
  /** Which value of the document, as a fraction of all of them. */
  readonly at: number;
  readonly value: Json;
  readonly name: string;
  /** Another value of the document, or how often. */
  readonly other: number;
}

/** Values that types, ranges and patterns go wrong at. */
const EDGE_VALUES: readonly Json[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  255,
  256,
  65535,
  65536,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 63),
  1e308,
  '',
  ' ',
  '0',
  '\u0000',
  '\ud800',
  'ff',
  'FF',
  '2026-02-31T00:00:00Z',
  '+275760-09-13T00:00:00Z',
  'P1D',
  'a'.repeat(5_000),
  [],
  {},
  [[]],
  nested(100),
  [null],
  { '': null },
];
const EDGE_NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '',
  'length',
  '0',
  'version',
  'ü',
];

/** Longest value that is made by repetition: above most limits. */
const REPEATED_CHARACTERS = 256 * 1024;

const VALUES: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom(...EDGE_VALUES),
  // Sound: fast-check's JSON values are plain data.
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
);

const EDITS: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('replace', 'remove', 'rename', 'repeat', 'move'),
  at: fc.nat(0xffff),
  value: VALUES,
  name: fc.oneof(fc.constantFrom(...EDGE_NAMES), fc.string({ maxLength: 8 })),
  other: fc.nat(0xffff),
});

/** JSON documents that are nearly right: well-formed, with one to three values or names changed. */
export function mutatedJson(corpus: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const texts = corpus.map((bytes) => new TextDecoder().decode(bytes));
  return fc
    .tuple(fc.constantFrom(...texts), fc.array(EDITS, { minLength: 1, maxLength: 3 }))
    .map(([text, edits]) => {
      // Sound: the corpus is JSON.
      const root: { document: Json } = { document: JSON.parse(text) as Json };
      for (const edit of edits) apply(root, edit);
      return utf8(JSON.stringify(root.document));
    });
}

/** A value's place: what holds it, and under which name or index. */
interface Place {
  readonly holder: Json[] | { [name: string]: Json };
  readonly key: string;
}

function apply(root: { document: Json }, { kind, at, value, name, other }: Edit): void {
  const places = placesOf(root);
  const place = pick(places, at);
  if (place === undefined) return;
  const { holder, key } = place;
  const old = read(place);
  switch (kind) {
    case 'replace':
      // A copy: later edits must not change the value that later inputs get.
      return write(holder, key, structuredClone(value));
    case 'remove':
      return remove(holder, key);
    case 'rename':
      if (!Array.isArray(holder)) remove(holder, key);
      return write(holder, Array.isArray(holder) ? key : name, old);
    case 'repeat':
      return write(holder, key, repeat(old, other));
    case 'move': {
      const source = pick(places, other);
      // A copy: a value that held itself would not be JSON any more.
      if (source !== undefined) write(holder, key, structuredClone(read(source)));
    }
  }
}

function placesOf(root: { document: Json }): Place[] {
  const places: Place[] = [];
  const visit = (holder: Place['holder']): void => {
    for (const key of Object.keys(holder)) {
      const place = { holder, key };
      places.push(place);
      const value = read(place);
      if (typeof value === 'object' && value !== null) visit(value);
    }
  };
  visit(root);
  return places;
}

function pick(places: readonly Place[], at: number): Place | undefined {
  return places[Math.floor((at / 0x10000) * places.length)];
}

function read({ holder, key }: Place): Json {
  return Array.isArray(holder) ? (holder[Number(key)] ?? null) : (holder[key] ?? null);
}

// Defined, not assigned: __proto__ has to become a member like any other.
function write(holder: Place['holder'], key: string, value: Json): void {
  Object.defineProperty(holder, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function remove(holder: Place['holder'], key: string): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else Reflect.deleteProperty(holder, key);
}

/** Many of a value: of a list's items, of a text, or of the value in a list. */
function repeat(value: Json, count: number): Json {
  // Repetitions multiply: without an end, three of them make gigabytes.
  const times = Math.min(
    1 + (count & 63),
    Math.ceil(REPEATED_CHARACTERS / JSON.stringify(value).length),
  );
  if (typeof value === 'string') return value.repeat(times);
  const items = Array.from({ length: times }, () => value);
  return Array.isArray(value) ? items.flat() : items;
}

function nested(depth: number): Json {
  let value: Json = [];
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}
