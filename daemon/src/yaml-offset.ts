// SPDX-License-Identifier: Apache-2.0
import { isAlias, isMap, isNode, isScalar, isSeq, type Document, type Pair } from 'yaml';

/** Which part of a field a problem is about. */
export type Part = 'key' | 'value';

/**
 * Where a field is in the text.
 *
 * @param path keys and indices from the top of the document
 * @returns offset of the field's key or value; when the field is missing, of the nearest thing that encloses it
 */
export function nodeOffset(
  document: Document.Parsed,
  path: readonly PropertyKey[],
  part: Part,
): number {
  let found: Place = {
    node: document.contents,
    key: undefined,
    offset: document.contents?.range?.[0] ?? 0,
  };
  for (const [depth, step] of path.entries()) {
    const next = child(document, found.node, step);
    // A missing field is shown at the name of what lacks it, which is easier to find than its content.
    if (next === undefined) return found.key ?? found.offset;
    found = next;
    if (depth === path.length - 1 && part === 'key') return found.key ?? found.offset;
  }
  return found.offset;
}

interface Place {
  readonly node: unknown;
  /** Offset of the key that the node belongs to. */
  readonly key: number | undefined;
  readonly offset: number;
}

function child(document: Document.Parsed, parent: unknown, step: PropertyKey): Place | undefined {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (isSeq(node)) {
    const item: unknown = node.items[Number(step)];
    return item === undefined
      ? undefined
      : { node: item, key: undefined, offset: start(item) ?? 0 };
  }
  if (!isMap(node)) return undefined;
  const pair = (node.items as Pair[]).findLast(({ key }) => isScalar(key) && key.value === step);
  if (pair === undefined) return undefined;
  const key = start(pair.key) ?? 0;
  return { node: pair.value, key, offset: start(pair.value) ?? key };
}

function start(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
