// SPDX-License-Identifier: Apache-2.0
import { ByteCursor, littleEndian } from '../bytes/byte-cursor.ts';
import { concatBytes, copyBytes, equalBytes } from '../bytes/bytes.ts';
import { asSha256 } from '../bytes/fixed-bytes.ts';
import { toHex } from '../bytes/hex.ts';
import { fromUtf8, utf8 } from '../bytes/utf8.ts';
import { EvidenceError } from '../errors.ts';
import {
  hashedTree,
  MAX_LEAF_NAME_BYTES,
  MAX_TREE_LEAVES,
  type ConfigurationTree,
  type HashedLeaf,
} from './configuration-tree.ts';

/*
 * The audit manifest shows the leaves behind a root (RA-TLS v1):
 *
 *   u32 LE number of leaves
 *   for each leaf, ascending by name: u16 LE length of the name, the name in UTF-8, 32 bytes leaf hash
 *   32 bytes root
 */

/** Largest manifest: every leaf there may be, with the longest name there may be. */
export const MAX_AUDIT_MANIFEST_BYTES: number =
  4 + MAX_TREE_LEAVES * (2 + MAX_LEAF_NAME_BYTES + 32) + 32;

/** Writes the audit manifest of a tree. */
export function encodeAuditManifest(tree: ConfigurationTree): Uint8Array {
  const leaves = tree.leaves.map(({ name, hash }) => {
    const key = utf8(name);
    return concatBytes(littleEndian(key.length, 2), key, hash);
  });
  return concatBytes(littleEndian(tree.leaves.length, 4), ...leaves, tree.root);
}

/**
 * Reads an audit manifest and computes its root again.
 *
 * The names in it are claims: only the hashes and their order are bound to the root.
 *
 * @throws EvidenceError `ERR_MANIFEST_INVALID`, or `ERR_MANIFEST_ROOT` if the leaves do not have
 * the root
 */
export function parseAuditManifest(bytes: Uint8Array): ConfigurationTree {
  if (bytes.length > MAX_AUDIT_MANIFEST_BYTES) {
    throw invalid('audit manifest is too large', `at most ${MAX_AUDIT_MANIFEST_BYTES} bytes`);
  }
  const cursor = new ByteCursor(copyBytes(bytes), 'audit manifest', 'ERR_MANIFEST_INVALID');
  const leaves = readLeaves(cursor);
  const claimed = cursor.take(32);
  if (cursor.left !== 0) throw invalid('bytes follow the audit manifest', 'none', `${cursor.left}`);

  const tree = rebuild(leaves);
  if (!equalBytes(tree.root, claimed)) {
    throw new EvidenceError('ERR_MANIFEST_ROOT', 'audit manifest names a root it does not have', {
      expected: toHex(tree.root),
      seen: toHex(claimed),
    });
  }
  return tree;
}

function readLeaves(cursor: ByteCursor): HashedLeaf[] {
  const count = cursor.number(4);
  // Before the loop, or a manifest of four bytes could ask for four billion rounds.
  if (count > MAX_TREE_LEAVES) {
    throw invalid('audit manifest has too many leaves', `at most ${MAX_TREE_LEAVES}`, `${count}`);
  }
  return Array.from({ length: count }, () => {
    const name = readName(cursor.take(cursor.number(2)));
    return { name, hash: asSha256(cursor.take(32)) };
  });
}

function readName(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch (cause) {
    throw new EvidenceError('ERR_MANIFEST_INVALID', 'leaf name is not UTF-8', { cause });
  }
}

function rebuild(leaves: readonly HashedLeaf[]): ConfigurationTree {
  let tree: ConfigurationTree;
  try {
    tree = hashedTree(leaves);
  } catch (cause) {
    throw new EvidenceError('ERR_MANIFEST_INVALID', 'audit manifest is not a tree', { cause });
  }
  // One tree has one manifest, so leaves in another order are refused and not silently sorted.
  if (tree.leaves.some(({ name }, index) => name !== leaves[index]?.name)) {
    throw invalid('leaves of the audit manifest are not sorted', 'ascending names');
  }
  return tree;
}

function invalid(message: string, expected: string, seen?: string): EvidenceError {
  return new EvidenceError('ERR_MANIFEST_INVALID', message, {
    expected,
    ...(seen === undefined ? {} : { seen }),
  });
}
