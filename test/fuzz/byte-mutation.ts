// SPDX-License-Identifier: Apache-2.0
import { concatBytes, utf8 } from '@proofgate/evidence';
import fc from 'fast-check';

/** One change to an input. Positions are fractions, so that an edit has a meaning for every length. */
interface Edit {
  readonly kind:
    'flip' | 'set' | 'drop' | 'double' | 'insert' | 'number' | 'token' | 'move' | 'cut' | 'inflate';
  /** Where: 0 is the start, 65535 the end. */
  readonly at: number;
  /** How long, what, or where to: whatever the kind needs. */
  readonly value: number;
}

/** Longest input that is made by repetition: above most limits, and enough for a square to show in the time. */
const INFLATED_BYTES = 256 * 1024;

const EDITS: fc.Arbitrary<Edit> = fc.record({
  kind: fc.oneof(
    {
      weight: 1200,
      arbitrary: fc.constantFrom<Edit['kind'][]>(
        'flip',
        'set',
        'drop',
        'double',
        'insert',
        'number',
        'token',
        'move',
      ),
    },
    // Most cuts are refused at once and teach nothing about what lies before them; long inputs cost time.
    { weight: 60, arbitrary: fc.constant<Edit['kind']>('cut') },
    { weight: 1, arbitrary: fc.constant<Edit['kind']>('inflate') },
  ),
  at: fc.nat(0xffff),
  value: fc.nat(0xffff),
});

/**
 * Inputs that are nearly right: one of the corpus with one to four changes.
 *
 * @param tokens words that mean something in the format, to be put anywhere
 */
export function mutated(
  corpus: readonly Uint8Array[],
  tokens: readonly string[] = [],
): fc.Arbitrary<Uint8Array> {
  const words = tokens.map((token) => utf8(token));
  return fc
    .tuple(fc.constantFrom(...corpus), fc.array(EDITS, { minLength: 1, maxLength: 4 }))
    .map(([original, edits]) =>
      edits.reduce<Uint8Array>((bytes, edit) => apply(bytes, edit, words), original),
    );
}

/** Numbers that lengths, counts and tags go wrong at. */
const EDGES = [
  0, 1, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff,
  0xffffffff,
];

function apply(
  bytes: Uint8Array,
  { kind, at, value }: Edit,
  words: readonly Uint8Array[],
): Uint8Array {
  const index = Math.floor((at / 0x10000) * bytes.length);
  const [before, after] = [bytes.subarray(0, index), bytes.subarray(index)];
  switch (kind) {
    case 'flip':
      return concatBytes(
        before,
        Uint8Array.of((after[0] ?? 0) ^ (1 << (value & 7))),
        after.subarray(1),
      );
    case 'set':
      return concatBytes(before, Uint8Array.of(value & 0xff), after.subarray(1));
    case 'drop':
      return concatBytes(before, after.subarray(1 + (value & 15)));
    case 'double':
      return concatBytes(before, after.subarray(0, 1 + (value & 31)), after);
    case 'insert':
      return concatBytes(before, new Uint8Array(1 + (value & 15)).fill(value >> 8), after);
    case 'number':
      return overwrite(bytes, index, edgeNumber(value));
    case 'token':
      return concatBytes(before, words[value % words.length] ?? Uint8Array.of(0), after);
    case 'move': {
      const from = Math.floor((value / 0x10000) * bytes.length);
      return overwrite(bytes, index, bytes.slice(from, from + 1 + (value & 31)));
    }
    case 'cut':
      return before;
    case 'inflate':
      return inflate(before, partToRepeat(after, value, words), after);
  }
}

/** One, two or four bytes of an edge number, in either byte order. */
function edgeNumber(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  const edge = EDGES[value % EDGES.length] ?? 0;
  const little = (value & 0x100) !== 0;
  new DataView(bytes.buffer).setUint32(0, edge, little);
  const length = [1, 2, 4][(value >> 9) % 3] ?? 4;
  return little ? bytes.subarray(0, length) : bytes.subarray(4 - length);
}

function overwrite(bytes: Uint8Array, index: number, part: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  changed.set(part.subarray(0, changed.length - index), index);
  return changed;
}

/** Half the time a word of the format, if it has any: repeated, those nest. */
function partToRepeat(after: Uint8Array, value: number, words: readonly Uint8Array[]): Uint8Array {
  const word = (value & 0x40) === 0 ? undefined : words[(value >> 7) % words.length];
  return word ?? after.subarray(0, 1 + (value & 63));
}

function inflate(before: Uint8Array, part: Uint8Array, after: Uint8Array): Uint8Array {
  if (part.length === 0) return before;
  const repeated = new Uint8Array(INFLATED_BYTES - (INFLATED_BYTES % part.length));
  for (let offset = 0; offset < repeated.length; offset += part.length) repeated.set(part, offset);
  return concatBytes(before, repeated, after);
}
