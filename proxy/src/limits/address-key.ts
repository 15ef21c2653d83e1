// SPDX-License-Identifier: Apache-2.0

/** Groups of an IPv6 address, and those of them that name a network: RFC 4291 section 2.5.4. */
const GROUPS = 8;
const NETWORK_GROUPS = 4;

/**
 * The name under which a client is counted: its IPv4 address, or the /64 of its IPv6 address, all of which whoever has
 * one of it has.
 *
 * @param address as the kernel writes it
 */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('%', 1)[0]?.split('::', 2) ?? [];
  const left = groupsOf(head);
  const right = groupsOf(tail ?? '');
  const zeros = tail === undefined ? 0 : GROUPS - left.length - right.length;
  const all = [...left, ...Array.from({ length: Math.max(zeros, 0) }, () => '0'), ...right];
  const network = all.slice(0, NETWORK_GROUPS).map((group) => Number.parseInt(group, 16));
  return `${network.map((group) => group.toString(16)).join(':')}::/64`;
}

/** The last two may be written as an IPv4 address; they name no network, only that they are there counts. */
function groupsOf(text: string): string[] {
  return text === ''
    ? []
    : text.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
}
