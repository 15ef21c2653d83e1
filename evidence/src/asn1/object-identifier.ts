// SPDX-License-Identifier: Apache-2.0
import { EvidenceError } from '../errors.ts';
import { derInvalid } from './der-error.ts';

/**
 * Longest OID we read, in content octets. The longest we know of has 11; a UUID arc (2.25.n) needs
 * 20.
 */
export const MAX_OID_BYTES = 64;

/** Largest arc we read or write: 128 bits, as a UUID arc of ITU-T X.667 needs. */
export const MAX_OID_ARC: bigint = (1n << 128n) - 1n;

const WHAT = 'OBJECT IDENTIFIER';

/**
 * Reads the content octets of an OBJECT IDENTIFIER (ITU-T X.690, section 8.19) into dotted text.
 *
 * Arcs are exact whatever their size: a reader that works in 32 bits lets two different OIDs look
 * the same.
 *
 * @throws EvidenceError `ERR_DER_INVALID`
 */
export function decodeOid(content: Uint8Array): string {
  const arcs: (number | bigint)[] = [];
  let arc: number | bigint | undefined;
  for (const octet of content.subarray(0, MAX_OID_BYTES + 1)) {
    // X.690, section 8.19.2: the shortest form is the only one, and has no leading zero.
    if (arc === undefined && octet === 0x80) throw derInvalid(WHAT, 'minimal');
    arc = appendBits(arc ?? 0, octet & 0x7f);
    if (arc > MAX_OID_ARC) throw derInvalid(WHAT, 'arcs of at most 128 bits');
    if (octet < 0x80) {
      arcs.push(arc);
      arc = undefined;
    }
  }
  const [joint, ...rest] = arcs;
  if (joint === undefined || arc !== undefined || content.length > MAX_OID_BYTES) {
    throw derInvalid(
      WHAT,
      `whole arcs in 1 to ${MAX_OID_BYTES} octets`,
      `${content.length} octets`,
    );
  }
  // X.690, section 8.19.4: the first two arcs share a subidentifier, and only root arc 2 goes
  // beyond 39.
  const first = BigInt(joint);
  const root = first < 80n ? first / 40n : 2n;
  return [root, first - root * 40n, ...rest].join('.');
}

/** 46 bits, which leave room for seven more below 2^53. */
const MAX_SMALL_ARC = 0x3fff_ffff_ffff;

// Nearly all arcs are small, and BigInt takes ten times as long.
function appendBits(arc: number | bigint, bits: number): number | bigint {
  return arc > MAX_SMALL_ARC ? (BigInt(arc) << 7n) | BigInt(bits) : Number(arc) * 128 + bits;
}

/**
 * Writes dotted text as the content octets of an OBJECT IDENTIFIER.
 *
 * @throws EvidenceError `ERR_DER_WRITE`
 */
export function encodeOid(text: string): Uint8Array {
  if (!/^[0-2](\.(0|[1-9][0-9]{0,38}))+$/.test(text)) throw notWritable(text);
  const [root = 0n, second = 0n, ...rest] = text.split('.').map(parseArc);
  if (root < 2 && second > 39) throw notWritable(text);
  const arcs = [joinRoot(root, second), ...rest];
  if (arcs.some((arc) => arc > MAX_OID_ARC)) throw notWritable(text);
  const octets = arcs.flatMap(encodeArc);
  if (octets.length > MAX_OID_BYTES) throw notWritable(text);
  return Uint8Array.from(octets);
}

/** Digits of numbers that are certainly below 2^53. */
const SMALL_ARC_DIGITS = 15;

function parseArc(digits: string): number | bigint {
  return digits.length <= SMALL_ARC_DIGITS ? Number(digits) : BigInt(digits);
}

function joinRoot(root: number | bigint, second: number | bigint): number | bigint {
  return typeof second === 'number' ? Number(root) * 40 + second : BigInt(root) * 40n + second;
}

function encodeArc(arc: number | bigint): number[] {
  return typeof arc === 'number' ? encodeSmallArc(arc) : encodeLargeArc(arc);
}

function encodeSmallArc(arc: number): number[] {
  const octets = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
    octets.unshift((rest % 128) + 0x80);
  }
  return octets;
}

function encodeLargeArc(arc: bigint): number[] {
  const octets = [Number(arc & 0x7fn)];
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) octets.unshift(Number(rest & 0x7fn) | 0x80);
  return octets;
}

function notWritable(text: string): EvidenceError {
  return new EvidenceError(
    'ERR_DER_WRITE',
    'text is not an object identifier',
    {
      expected: 'dotted numbers, such as 2.5.29.19',
      seen: JSON.stringify(text.slice(0, 200)),
    },
    'misuse',
  );
}
