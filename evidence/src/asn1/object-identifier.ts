// SPDX-License-Identifier: Apache-2.0
import { EvidenceError } from '../errors.ts';

/**
 * Longest OID we read, in content octets. The longest we know of has 11; a UUID arc (2.25.n) needs
 * 20.
 */
export const MAX_OID_BYTES = 64;

/** Largest arc we read or write: 128 bits, as a UUID arc of ITU-T X.667 needs. */
export const MAX_OID_ARC: bigint = (1n << 128n) - 1n;

/**
 * Reads the content octets of an OBJECT IDENTIFIER (ITU-T X.690, section 8.19) into dotted text.
 *
 * Arcs are `bigint` while they are read: a reader that works in 32 bits lets two different OIDs
 * look the same.
 *
 * @throws EvidenceError `ERR_DER_INVALID`
 */
export function decodeOid(content: Uint8Array): string {
  if (content.length === 0 || content.length > MAX_OID_BYTES) {
    throw invalid(`object identifier has ${content.length} octets`, `1 to ${MAX_OID_BYTES}`);
  }
  const subidentifiers: bigint[] = [];
  let arc = 0n;
  let atStart = true;
  for (const octet of content) {
    // X.690, section 8.19.2: the shortest form is the only one.
    if (atStart && octet === 0x80) throw invalid('object identifier arc has a leading zero octet');
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    if (arc > MAX_OID_ARC) throw invalid('object identifier arc is longer than 128 bits');
    atStart = (octet & 0x80) === 0;
    if (atStart) {
      subidentifiers.push(arc);
      arc = 0n;
    }
  }
  if (!atStart) throw invalid('object identifier ends in the middle of an arc');
  const [first = 0n, ...rest] = subidentifiers;
  // X.690, section 8.19.4: the first two arcs share a subidentifier, and only root arc 2 goes
  // beyond 39.
  const root = first < 80n ? first / 40n : 2n;
  return [root, first - root * 40n, ...rest].join('.');
}

/**
 * Writes dotted text as the content octets of an OBJECT IDENTIFIER.
 *
 * @throws EvidenceError `ERR_DER_WRITE`
 */
export function encodeOid(text: string): Uint8Array {
  if (!/^[0-2](\.(0|[1-9][0-9]{0,38}))+$/.test(text)) throw notWritable(text);
  const [root = 0n, second = 0n, ...rest] = text.split('.').map(BigInt);
  if (root < 2n && second > 39n) throw notWritable(text);
  const subidentifiers = [root * 40n + second, ...rest];
  if (subidentifiers.some((arc) => arc > MAX_OID_ARC)) throw notWritable(text);
  const octets = subidentifiers.flatMap(encodeArc);
  if (octets.length > MAX_OID_BYTES) throw notWritable(text);
  return Uint8Array.from(octets);
}

function encodeArc(arc: bigint): number[] {
  const octets = [Number(arc & 0x7fn)];
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) octets.unshift(Number(rest & 0x7fn) | 0x80);
  return octets;
}

function invalid(message: string, expected?: string): EvidenceError {
  return new EvidenceError('ERR_DER_INVALID', message, expected === undefined ? {} : { expected });
}

function notWritable(text: string): EvidenceError {
  return new EvidenceError('ERR_DER_WRITE', 'text is not an object identifier', {
    expected: 'dotted numbers, such as 2.5.29.19',
    seen: JSON.stringify(text.slice(0, 200)),
  });
}
