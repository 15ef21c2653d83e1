// SPDX-License-Identifier: Apache-2.0

/** A socket that listens on IPv6 shows IPv4 peers as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2): each peer has one name. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=[0-9.]+$)/, '');
}
