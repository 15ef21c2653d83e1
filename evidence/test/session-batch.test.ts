// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import {
  BATCH_HASH_BYTES,
  batchReportData,
  batchTree,
  fromHex,
  MAX_BATCH_LEAVES,
  replayBatchPath,
  sessionLeaf,
  toHex,
  type BatchPosition,
} from '@proofgate/evidence';
import { describe, expect, it } from 'vitest';
import { refusal } from './refusal.ts';

const MISUSE = 'ERR_REPORT_DATA_INPUT';
const PATH = 'ERR_BATCH_PATH';

/** Report data of a batch of one, for other implementations to compare with. */
const VECTOR =
  'd33b5f0634cae4ec25c1e8fdcfc93bb852bfc7a537ee25ff0387b4e819c6cd740cf089de2091777a2a7875c1abad1d777ae8478aa296bc25d12792e9e88d40ac';

// With the generator of P-256 as the public key.
const spki = fromHex(
  '3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
);
const context = new Uint8Array(32).fill(0xc0);
const exported = new Uint8Array(32).fill(0xe1);

const hash = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const digest = createHash('sha512');
  for (const part of parts) digest.update(part);
  return digest.digest();
};
const leaves = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => new Uint8Array(hash(`leaf ${String(index)}`)));

/** RFC 9162 section 2.1.1 as it is written, with our hash of a node. */
function rfcRoot(of: readonly Uint8Array[]): Uint8Array {
  const [only] = of;
  if (only === undefined) throw new Error('no leaf');
  if (of.length === 1) return only;
  const split = largestPowerBelow(of.length);
  return hash('\u0001', rfcRoot(of.slice(0, split)), rfcRoot(of.slice(split)));
}

/** RFC 9162 section 2.1.3.1. */
function rfcPath(index: number, of: readonly Uint8Array[]): Uint8Array[] {
  if (of.length === 1) return [];
  const split = largestPowerBelow(of.length);
  return index < split
    ? [...rfcPath(index, of.slice(0, split)), rfcRoot(of.slice(split))]
    : [...rfcPath(index - split, of.slice(split)), rfcRoot(of.slice(0, split))];
}

function largestPowerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

const SIZES = [...Array.from({ length: 34 }, (_, index) => index + 1), 100];

describe('the tree of a batch', () => {
  it.each(SIZES)('of %i leaves has the shape of RFC 9162', (size) => {
    const made = leaves(size);
    const tree = batchTree(made);
    expect(tree.size).toBe(size);
    expect(toHex(tree.root)).toBe(toHex(rfcRoot(made)));
    for (const [index, leaf] of made.entries()) {
      const path = tree.path(index);
      expect(path.map(toHex)).toEqual(rfcPath(index, made).map(toHex));
      expect(toHex(replayBatchPath(leaf, { index, size, path }))).toBe(toHex(tree.root));
    }
  });

  it('has at least one leaf and at most a million', () => {
    expect(refusal(() => batchTree([]))).toBe(MISUSE);
    const many = Array<Uint8Array>(MAX_BATCH_LEAVES + 1).fill(new Uint8Array(64));
    expect(refusal(() => batchTree(many))).toBe(MISUSE);
  });
});

describe('the path of a leaf', () => {
  const size = 11;
  const made = leaves(size);
  const tree = batchTree(made);
  const position = (index: number): BatchPosition => ({ index, size, path: tree.path(index) });

  it('leads to another root from another leaf, index or sibling', () => {
    const root = toHex(tree.root);
    for (const [index, leaf] of made.entries()) {
      const right = position(index);
      const others = [
        () => replayBatchPath(made[(index + 1) % size] ?? leaf, right),
        () => replayBatchPath(leaf, { ...right, index: (index + 1) % size }),
        () => replayBatchPath(leaf, { ...right, path: right.path.map((node) => node.map(flip)) }),
        () => replayBatchPath(leaf, { ...right, path: right.path.toReversed() }),
      ];
      for (const other of others) expect(rootOf(other)).not.toBe(root);
    }
  });

  it('has exactly the length that index and size give', () => {
    for (const [index, leaf] of made.entries()) {
      const right = position(index);
      const longer = [...right.path, tree.root];
      expect(refusal(() => replayBatchPath(leaf, { ...right, path: longer }))).toBe(PATH);
      const shorter = right.path.slice(0, -1);
      expect(refusal(() => replayBatchPath(leaf, { ...right, path: shorter }))).toBe(PATH);
    }
  });

  it.each<[string, Partial<BatchPosition>]>([
    ['an index that is not below the size', { index: size }],
    ['a negative index', { index: -1 }],
    ['half an index', { index: 0.5 }],
    ['no leaves', { size: 0 }],
    ['more leaves than are allowed', { size: MAX_BATCH_LEAVES + 1 }],
    ['half a size', { size: 10.5 }],
    ['a size that is no number', { size: Number.NaN }],
    ['a sibling that is no hash', { path: [new Uint8Array(32)] }],
  ])('is refused for %s', (_what, wrong) => {
    const [leaf = new Uint8Array()] = made;
    expect(refusal(() => replayBatchPath(leaf, { ...position(0), ...wrong }))).toBe(PATH);
  });

  it('may have 20 hashes', () => {
    const path = leaves(20);
    const [leaf = new Uint8Array()] = made;
    expect(replayBatchPath(leaf, { index: 0, size: MAX_BATCH_LEAVES, path })).toHaveLength(
      BATCH_HASH_BYTES,
    );
  });
});

describe('the leaf of a session', () => {
  const length = (bytes: number): Uint8Array => Uint8Array.of(0, 0, 0, bytes);
  const key = createHash('sha256').update(spki).digest();
  const expected = (role: string): string =>
    hash(
      '\u0000proofgate/session-leaf/v1',
      ...[length(6), role, length(32), key],
      ...[length(32), context, length(32), exported],
    ).toString('hex');

  it('covers role, key, context and exporter value', () => {
    for (const role of ['server', 'client'] as const) {
      expect(toHex(sessionLeaf(role, spki, context, exported))).toBe(expected(role));
    }
  });

  it.each<[string, () => unknown]>([
    ['a bare point', () => sessionLeaf('server', spki.slice(26), context, exported)],
    ['a short context', () => sessionLeaf('server', spki, context.slice(1), exported)],
    ['no exporter value', () => sessionLeaf('server', spki, context, new Uint8Array())],
    ['an exporter value of zeros', () => sessionLeaf('server', spki, context, new Uint8Array(32))],
  ])('is not made of %s', (_what, make) => {
    expect(refusal(make)).toBe(MISUSE);
  });
});

describe('report data of a batch', () => {
  const time = new Date(1_760_000_000_123);

  it('covers root, size and time', () => {
    const root = new Uint8Array(64).fill(7);
    const numbers = Buffer.alloc(12);
    numbers.writeUInt32BE(300, 0);
    numbers.writeBigUInt64BE(1_760_000_000_123n, 4);
    expect(toHex(batchReportData(root, 300, time))).toBe(
      hash('\u0002proofgate/session-root/v1', root, numbers).toString('hex'),
    );
  });

  it('has a fixed value for a batch of one', () => {
    const { root, size } = batchTree([sessionLeaf('server', spki, context, exported)]);
    expect(toHex(batchReportData(root, size, time))).toBe(VECTOR);
  });

  it.each<[string, () => unknown]>([
    ['a root of another size', () => batchReportData(new Uint8Array(32), 1, time)],
    ['no leaves', () => batchReportData(new Uint8Array(64), 0, time)],
    ['too many leaves', () => batchReportData(new Uint8Array(64), MAX_BATCH_LEAVES + 1, time)],
    ['no time', () => batchReportData(new Uint8Array(64), 1, new Date(Number.NaN))],
    ['a time before 1970', () => batchReportData(new Uint8Array(64), 1, new Date(-1))],
  ])('is not made of %s', (_what, make) => {
    expect(refusal(make)).toBe(MISUSE);
  });
});

function flip(byte: number): number {
  return byte ^ 1;
}

function rootOf(replay: () => Uint8Array): string {
  try {
    return toHex(replay());
  } catch {
    return 'refused';
  }
}
