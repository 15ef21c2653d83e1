// SPDX-License-Identifier: Apache-2.0
import { compareBytes, concatBytes } from '../bytes/bytes.ts';
import { asSha256, type Sha256 } from '../bytes/fixed-bytes.ts';
import { utf8 } from '../bytes/utf8.ts';
import { EvidenceError } from '../errors.ts';

/*
 * The hashes of RA-TLS v1 join texts with NUL or line feed, or with nothing. Two different
 * configurations could then have one hash, so texts that contain the separator are refused before
 * they are hashed.
 */

/** A workload as the platform's measurements see it. */
export interface WorkloadIdentity {
  readonly name: string;
  /** SHA-256 of the OCI manifest: 32 bytes. */
  readonly imageDigest: Uint8Array;
}

/** Most texts in one list: far above any command, environment or set of volumes in use. */
export const MAX_LIST_ITEMS = 4096;

const NUL = Uint8Array.of(0);

/** Orders texts by their UTF-8 bytes. */
export function sortTexts(texts: readonly string[]): string[] {
  return texts.toSorted((a, b) => compareBytes(utf8(a), utf8(b)));
}

/**
 * Joins texts, each followed by a NUL.
 *
 * @throws EvidenceError `ERR_TREE_INVALID` on a text with a NUL in it, or too many texts
 */
export function nulTerminated(what: string, texts: readonly string[]): Uint8Array {
  checkCount(what, texts);
  if (texts.some((text) => text.includes('\0'))) throw ambiguous(what, 'texts without NUL');
  return concatBytes(...texts.flatMap((text) => [utf8(text), NUL]));
}

/**
 * Joins texts with a line feed between them.
 *
 * @throws EvidenceError `ERR_TREE_INVALID` on an empty text or one with a line feed in it, or too
 * many texts
 */
export function joinLines(what: string, texts: readonly string[]): Uint8Array {
  checkCount(what, texts);
  if (texts.some((text) => text === '' || text.includes('\n'))) {
    throw ambiguous(what, 'texts that are not empty and have no line feed');
  }
  return utf8(texts.join('\n'));
}

/**
 * Checks names and digests of workloads, and puts them in ascending order of their names.
 *
 * @throws EvidenceError `ERR_TREE_INVALID`, `ERR_BYTES_LENGTH`
 */
export function sortWorkloads(
  workloads: readonly WorkloadIdentity[],
): readonly { readonly name: string; readonly imageDigest: Sha256 }[] {
  checkCount('workloads', workloads);
  const names = new Set(workloads.map(({ name }) => name));
  if (names.size !== workloads.length || names.has('')) {
    throw ambiguous('workloads', 'a name for each, and each name once');
  }
  return workloads
    .toSorted((a, b) => compareBytes(utf8(a.name), utf8(b.name)))
    .map(({ name, imageDigest }) => ({ name, imageDigest: asSha256(imageDigest) }));
}

function checkCount(what: string, items: readonly unknown[]): void {
  if (items.length > MAX_LIST_ITEMS) {
    throw new EvidenceError(
      'ERR_TREE_INVALID',
      `${what}: too many to be measured`,
      {
        expected: `at most ${MAX_LIST_ITEMS}`,
        seen: `${items.length}`,
      },
      'misuse',
    );
  }
}

function ambiguous(what: string, expected: string): EvidenceError {
  return new EvidenceError(
    'ERR_TREE_INVALID',
    `${what} cannot be measured unambiguously`,
    {
      expected,
    },
    'misuse',
  );
}
