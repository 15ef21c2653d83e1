// SPDX-License-Identifier: Apache-2.0

/** An IPv4 network, as `10.92.0.0/16` says it. */
export interface Ipv4Network {
  /** First address, as an unsigned number. */
  readonly base: number;
  /** Bits of the prefix. */
  readonly bits: number;
}

/**
 * Reads a network in CIDR notation. Bits behind the prefix are cleared.
 *
 * @param text - such as `10.92.0.0/16`
 * @returns the network, or `undefined` when it is none
 */
export function parseIpv4Network(text: string): Ipv4Network | undefined {
  const [address = '', prefix = ''] = text.split('/');
  const value = parseIpv4(address);
  if (value === undefined || !/^\d{1,2}$/.test(prefix) || Number(prefix) > 32) return undefined;
  const bits = Number(prefix);
  return { base: value - (value % size(bits)), bits };
}

/**
 * Reads an address.
 *
 * @param text - four decimal numbers
 * @returns the address as an unsigned number, or `undefined` when it is none
 */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.reduce((value, part) => value * 256 + Number(part), 0);
}

/**
 * Writes an address.
 *
 * @param value - unsigned number
 * @returns four decimal numbers
 */
export function formatIpv4(value: number): string {
  return [2 ** 24, 2 ** 16, 2 ** 8, 1]
    .map((unit) => String(Math.floor(value / unit) % 256))
    .join('.');
}

/**
 * Writes a network.
 *
 * @param network - the network
 * @returns CIDR notation
 */
export function formatIpv4Network(network: Ipv4Network): string {
  return `${formatIpv4(network.base)}/${String(network.bits)}`;
}

/**
 * Tells whether an address belongs to a network.
 *
 * @param network - the network
 * @param address - unsigned number
 * @returns whether it does
 */
export function containsAddress(network: Ipv4Network, address: number): boolean {
  return address >= network.base && address < network.base + size(network.bits);
}

function size(bits: number): number {
  return 2 ** (32 - bits);
}
