// SPDX-License-Identifier: Apache-2.0
import { isIPv4, isIPv6 } from 'node:net';
import { CaError } from '../errors.ts';

/**
 * The bytes of an IP address literal, as a certificate's iPAddress carries them.
 *
 * @param text - IPv4 in dotted decimals or IPv6 without a zone
 * @returns 4 or 16 bytes
 * @throws CaError `ERR_CA_NAME_INVALID`
 */
export function parseIpAddress(text: string): Uint8Array {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  if (isIPv6(text) && !text.includes('%')) return parseIpv6(text);
  throw invalid(text, 'an IPv4 address, or an IPv6 address without a zone');
}

/**
 * The bytes of an address range, as name constraints carry them: address, then mask (RFC 5280, section 4.2.1.10).
 *
 * @param text - an address, or an address, a slash and the number of leading bits; host bits must be zero
 * @returns 8 or 32 bytes
 * @throws CaError `ERR_CA_NAME_INVALID`
 */
export function parseIpRange(text: string): Uint8Array {
  const [address = '', prefix, ...rest] = text.split('/');
  const bytes = parseIpAddress(address);
  const bits = prefix === undefined ? bytes.length * 8 : Number(prefix);
  const wellFormed = prefix === undefined || /^(0|[1-9][0-9]{0,2})$/.test(prefix);
  if (!wellFormed || rest.length > 0 || bits > bytes.length * 8) {
    throw invalid(text, 'an address, or an address/prefix length');
  }
  const mask = bytes.map(
    (_, index) => (0xff00 >> Math.min(8, Math.max(0, bits - index * 8))) & 0xff,
  );
  if (bytes.some((byte, index) => (byte & ~(mask[index] ?? 0)) !== 0)) {
    throw invalid(text, `a range without bits behind its first ${String(bits)}`);
  }
  return Uint8Array.from([...bytes, ...mask]);
}

/** The URL parser brings every spelling of an IPv6 address, dotted tails included, to hex groups and at most one `::`. */
function parseIpv6(text: string): Uint8Array {
  const groups = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const [head = '', tail] = groups.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = Array.from({ length: 8 - left.length - right.length }, () => '0');
  const words = [...left, ...gap, ...right].map((group) => Number.parseInt(group, 16));
  return Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]));
}

function invalid(text: string, expected: string): CaError {
  return new CaError('ERR_CA_NAME_INVALID', `not an IP address: ${JSON.stringify(text)}`, {
    expected,
    seen: text,
  });
}
