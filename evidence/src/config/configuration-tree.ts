// SPDX-License-Identifier: Apache-2.0
import { compareBytes, concatBytes } from '../bytes/bytes.ts';
import { asSha256, type Sha256 } from '../bytes/fixed-bytes.ts';
import { utf8 } from '../bytes/utf8.ts';
import { EvidenceError } from '../errors.ts';
import { sha256 } from '../hashes.ts';

/*
 * A configuration tree of RA-TLS v1 is a flat list of hashes:
 *
 *   leaf hash = 32 zero bytes if there is no data, else SHA-256(data)
 *   root      = SHA-256( leaf hash 1 || leaf hash 2 || … ), leaves in ascending order of their names
 *
 * Names put leaves in order and are not hashed themselves. So a root proves the values and their
 * order; which names they have is known only to somebody who computes the leaves from data.
 */

/** A named value to be measured; without data, the leaf says that the value is absent. */
export interface TreeLeaf {
  readonly name: string;
  readonly data: Uint8Array | undefined;
}

/** A named leaf hash. */
export interface HashedLeaf {
  readonly name: string;
  readonly hash: Sha256;
}

/** A configuration tree: leaves in ascending order of their names, and the root. */
export interface ConfigurationTree {
  readonly leaves: readonly HashedLeaf[];
  readonly root: Sha256;
}

/**
 * Longest leaf name in UTF-8: `container.` + a host label of 63 + `.image_digest`, with room to
 * spare.
 */
export const MAX_LEAF_NAME_BYTES = 255;

/** Most leaves in a tree: one a workload and a few more; no machine runs thousands. */
export const MAX_TREE_LEAVES = 4096;

/**
 * Builds the tree of a set of leaves.
 *
 * @param leaves in any order
 * @throws EvidenceError `ERR_TREE_INVALID` on a duplicate, empty or overlong name, or too many
 * leaves
 * @example
 * ```ts
 * const { root } = buildTree([{ name: 'greeting', data: utf8('hello') }]);
 * ```
 */
export function buildTree(leaves: readonly TreeLeaf[]): ConfigurationTree {
  return hashedTree(
    leaves.map(({ name, data }) => ({
      name,
      hash: data === undefined ? asSha256(new Uint8Array(32)) : sha256(data),
    })),
  );
}

/**
 * Orders hashed leaves and computes their root.
 *
 * @throws EvidenceError `ERR_TREE_INVALID`
 */
export function hashedTree(leaves: readonly HashedLeaf[]): ConfigurationTree {
  if (leaves.length > MAX_TREE_LEAVES) {
    throw invalid('tree has too many leaves', `at most ${MAX_TREE_LEAVES}`, `${leaves.length}`);
  }
  const keyed = leaves.map((leaf) => ({ leaf, key: leafKey(leaf.name) }));
  // Order of the UTF-8 bytes: JavaScript compares UTF-16 units, which differ from U+E000 on.
  const sorted = keyed.toSorted((a, b) => compareBytes(a.key, b.key));
  sorted.forEach(({ leaf, key }, index) => {
    const next = sorted[index + 1];
    if (next !== undefined && compareBytes(key, next.key) === 0) {
      throw invalid('tree has two leaves of one name', 'each name once', leaf.name);
    }
  });
  const ordered = sorted.map(({ leaf }) => leaf);
  return { leaves: ordered, root: sha256(concatBytes(...ordered.map(({ hash }) => hash))) };
}

function leafKey(name: string): Uint8Array {
  const key = utf8(name);
  if (key.length === 0 || key.length > MAX_LEAF_NAME_BYTES) {
    throw invalid(
      'leaf name has a wrong length',
      `1 to ${MAX_LEAF_NAME_BYTES} bytes`,
      `${key.length} bytes`,
    );
  }
  return key;
}

function invalid(message: string, expected: string, seen: string): EvidenceError {
  return new EvidenceError('ERR_TREE_INVALID', message, { expected, seen }, 'misuse');
}
