// SPDX-License-Identifier: Apache-2.0
import { EvidenceError, type RejectionCode } from '../errors.ts';

// Both classes exist in Node and in every browser, but belong to no ECMAScript library, and this
// package compiles without DOM and Node types. These are the only two globals it takes from its
// host.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: 'utf-8',
  options: { readonly fatal: true; readonly ignoreBOM: true },
) => { decode(bytes: Uint8Array): string };

/**
 * Writes text as UTF-8.
 *
 * @throws EvidenceError `ERR_BYTES_ENCODING` on a lone surrogate: the encoder would replace it
 * silently, and two different texts would then have the same hash
 */
export function utf8(text: string): Uint8Array {
  if (/\p{Surrogate}/u.test(text)) {
    throw new EvidenceError('ERR_BYTES_ENCODING', 'text has a lone surrogate');
  }
  return new TextEncoder().encode(text);
}

/**
 * Reads UTF-8.
 *
 * A byte order mark is kept as a character, so that `utf8(fromUtf8(b))` is always `b`.
 *
 * @throws EvidenceError `ERR_BYTES_ENCODING` on anything that is not well-formed UTF-8
 */
export function fromUtf8(bytes: Uint8Array): string {
  return decodeUtf8(bytes, 'ERR_BYTES_ENCODING');
}

/** Reads UTF-8 that is part of something with an error code of its own. */
export function decodeUtf8(bytes: Uint8Array, code: RejectionCode): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new EvidenceError(code, 'UTF-8 is not valid', { cause });
  }
}
