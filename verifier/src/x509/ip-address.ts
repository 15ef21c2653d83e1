// SPDX-License-Identifier: Apache-2.0

const IPV4_PART = /^(?:0|[1-9][0-9]{0,2})$/;
const IPV6_PART = /^[0-9a-fA-F]{1,4}$/;
const IPV6_GROUPS = 8;

/**
 * Reads an IP address literal.
 *
 * @param text dotted IPv4 or RFC 4291 IPv6, the latter with or without brackets
 * @returns 4 or 16 bytes; undefined when the text is no address
 */
export function parseIpAddress(text: string): Uint8Array | undefined {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  return bare.includes(':') ? parseIpv6(bare) : parseIpv4(bare);
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => IPV4_PART.test(part))) return undefined;
  const numbers = parts.map(Number);
  return numbers.every((number) => number <= 255) ? Uint8Array.from(numbers) : undefined;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = withoutIpv4(text)?.split('::') ?? [];
  const [head, tail] = halves.map((half) => groupsOf(half));
  if (head === undefined || halves.length > 2) return undefined;
  if (halves.length === 1) return head.length === IPV6_GROUPS ? toBytes(head) : undefined;
  const missing = IPV6_GROUPS - head.length - (tail?.length ?? IPV6_GROUPS);
  if (tail === undefined || missing < 1) return undefined;
  return toBytes([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

// RFC 4291, section 2.2, form 3: the last four bytes of the whole address may be written as IPv4, and no others.
function withoutIpv4(text: string): string | undefined {
  const start = text.lastIndexOf(':') + 1;
  const last = text.slice(start);
  if (!last.includes('.')) return text;
  const embedded = parseIpv4(last);
  if (embedded === undefined) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = embedded;
  return `${text.slice(0, start)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

function groupsOf(half: string): number[] | undefined {
  if (half === '') return [];
  const parts = half.split(':');
  if (!parts.every((part) => IPV6_PART.test(part))) return undefined;
  return parts.map((part) => Number.parseInt(part, 16));
}

function toBytes(groups: readonly number[]): Uint8Array {
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}
