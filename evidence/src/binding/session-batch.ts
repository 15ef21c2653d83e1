// SPDX-License-Identifier: Apache-2.0
import { concatBytes, lengthPrefixed } from '../bytes/bytes.ts';
import { asReportData, type ReportData } from '../bytes/fixed-bytes.ts';
import { utf8 } from '../bytes/utf8.ts';
import { EvidenceError } from '../errors.ts';
import { sha256, sha512 } from '../hashes.ts';
import { checkSession, checkSpki } from './report-data.ts';

/*
 * One quote for many TLS sessions (mode `batch`): each session is a leaf of a Merkle tree, the
 * report data covers the root, and every caller gets the path from its own leaf to that root.
 *
 *   leaf        = SHA-512( 0x00 || "proofgate/session-leaf/v1"
 *                          || LP(role) || LP(SHA-256(SPKI)) || LP(context) || LP(exported) )
 *   node        = SHA-512( 0x01 || left || right )              shape of RFC 9162, section 2.1
 *   report_data = SHA-512( 0x02 || "proofgate/session-root/v1" || root || size || time )
 *
 * LP is a 32-bit big-endian length and the bytes. The first byte keeps leaf, node and root apart, so
 * that none can be passed off as another; the size is covered, so that an index means one place.
 */

/** Which end of a TLS session a leaf speaks for; a role of its own keeps it from being reflected. */
export type SessionRole = 'server' | 'client';

/** Most leaves of one tree: paths have at most 20 hashes. */
export const MAX_BATCH_LEAVES: number = 2 ** 20;

/** Bytes of a leaf, a node and a root. */
export const BATCH_HASH_BYTES = 64;

/** Where one leaf is in a batch. */
export interface BatchPosition {
  /** Counted from 0. */
  readonly index: number;
  /** Leaves of the batch. */
  readonly size: number;
  /** Siblings from the leaf upwards. */
  readonly path: readonly Uint8Array[];
}

/** A tree over the leaves of one batch. */
export interface BatchTree {
  readonly root: Uint8Array;
  readonly size: number;
  /** Siblings of a leaf, from the leaf upwards; shared, not copies. */
  path(index: number): readonly Uint8Array[];
}

const LEAF_LABEL = utf8('proofgate/session-leaf/v1');
const ROOT_LABEL = utf8('proofgate/session-root/v1');
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const ROOT = Uint8Array.of(2);

/**
 * The leaf of one TLS session.
 *
 * @param spki DER of the attested end's SubjectPublicKeyInfo
 * @param context 32 bytes that the asking side chose
 * @param exported 32 bytes: TLS exporter with the label of the role over `context`
 * @throws EvidenceError `ERR_REPORT_DATA_INPUT`
 */
export function sessionLeaf(
  role: SessionRole,
  spki: Uint8Array,
  context: Uint8Array,
  exported: Uint8Array,
): Uint8Array {
  checkSpki(spki);
  checkSession(context, exported);
  const parts = [utf8(role), sha256(spki), context, exported];
  return sha512(concatBytes(LEAF, LEAF_LABEL, ...parts.map(lengthPrefixed)));
}

/**
 * Builds the tree of a batch.
 *
 * @param leaves made by {@link sessionLeaf}, 1 to {@link MAX_BATCH_LEAVES}
 * @throws EvidenceError `ERR_REPORT_DATA_INPUT`
 * @example
 * ```ts
 * const tree = batchTree(leaves);
 * const quote = await quotes.quote(batchReportData(tree.root, tree.size, Date.now()));
 * const position = { index: 0, size: tree.size, path: tree.path(0) };
 * ```
 */
export function batchTree(leaves: readonly Uint8Array[]): BatchTree {
  checkSize(leaves.length);
  // A node without a sibling moves up as it is, which gives the shape of RFC 9162, section 2.1.1.
  const levels: (readonly Uint8Array[])[] = [];
  let level: readonly Uint8Array[] = leaves;
  while (level.length > 1) {
    levels.push(level);
    level = parents(level);
  }
  return {
    root: level[0] ?? new Uint8Array(),
    size: leaves.length,
    path: (index) =>
      levels.flatMap((nodes, height) => {
        const sibling = nodes[(index >> height) ^ 1];
        return sibling === undefined ? [] : [sibling];
      }),
  };
}

/**
 * Follows a path from a leaf to the root that it must have.
 *
 * @param leaf made by {@link sessionLeaf} from what the caller itself knows of its session
 * @throws EvidenceError `ERR_BATCH_PATH` when index, size and path cannot belong together
 */
export function replayBatchPath(leaf: Uint8Array, position: BatchPosition): Uint8Array {
  const { index, size, path } = position;
  if (!isCount(size) || !Number.isInteger(index) || index < 0 || index >= size) {
    throw impossible('index below size, size at most 2^20', `index ${index}, size ${size}`);
  }
  const siblings = path[Symbol.iterator]();
  let hash = leaf;
  // RFC 9162, section 2.1.3.2: a node on the right has its sibling before it, and the last node of a
  // level without one moves up as it is.
  for (let [node, last] = [index, size - 1]; last > 0; [node, last] = [node >> 1, last >> 1]) {
    if (node % 2 === 1) hash = nodeHash(nextOf(siblings, path.length), hash);
    else if (node < last) hash = nodeHash(hash, nextOf(siblings, path.length));
  }
  if (siblings.next().done === true) return hash;
  throw wrongLength(path.length);
}

/**
 * Report data of a batch.
 *
 * @param root of the tree
 * @param size leaves of the tree
 * @param time when the batch was closed
 * @throws EvidenceError `ERR_REPORT_DATA_INPUT`
 */
export function batchReportData(root: Uint8Array, size: number, time: Date): ReportData {
  checkSize(size);
  const ms = time.getTime();
  if (root.length !== BATCH_HASH_BYTES) throw misuse('root', '64 bytes', `${root.length} bytes`);
  if (!(ms >= 0)) throw misuse('time', 'a date from 1970 on', String(ms));
  const numbers = new DataView(new ArrayBuffer(12));
  numbers.setUint32(0, size);
  numbers.setBigUint64(4, BigInt(ms));
  return asReportData(sha512(concatBytes(ROOT, ROOT_LABEL, root, new Uint8Array(numbers.buffer))));
}

function nextOf(siblings: Iterator<Uint8Array, unknown>, length: number): Uint8Array {
  const { value } = siblings.next();
  if (value instanceof Uint8Array && value.length === BATCH_HASH_BYTES) return value;
  throw wrongLength(length);
}

function parents(level: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = [];
  for (let at = 0; at < level.length; at += 2) {
    const [left, right] = level.slice(at, at + 2);
    if (left !== undefined) above.push(right === undefined ? left : nodeHash(left, right));
  }
  return above;
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha512(concatBytes(NODE, left, right));
}

function checkSize(size: number): void {
  if (!isCount(size)) throw misuse('size', `1 to ${MAX_BATCH_LEAVES} leaves`, String(size));
}

function isCount(size: number): boolean {
  return Number.isInteger(size) && size >= 1 && size <= MAX_BATCH_LEAVES;
}

function misuse(what: string, expected: string, seen: string): EvidenceError {
  const message = `${what} of a batch has a wrong value`;
  return new EvidenceError('ERR_REPORT_DATA_INPUT', message, { expected, seen }, 'misuse');
}

function wrongLength(length: number): EvidenceError {
  return impossible('a path of exactly the right length', `${length} hashes`);
}

function impossible(expected: string, seen: string): EvidenceError {
  const message = 'index, size and path of a batch do not belong together';
  return new EvidenceError('ERR_BATCH_PATH', message, { expected, seen });
}
