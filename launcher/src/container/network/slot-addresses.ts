// SPDX-License-Identifier: Apache-2.0
import { containsAddress, formatIpv4, parseIpv4, type Ipv4Network } from './ipv4-network.ts';

/** Every link of ours, of whichever launcher, begins with this. */
export const LINK_PREFIX = 'pg';

/** Name of the link in the container: what images expect. */
export const CONTAINER_LINK = 'eth0';

/** With five digits of this base the kernel's 15 characters hold every slot of the largest network. */
const SLOT_BASE = 36;

/** Two addresses for a container, as in RFC 3021: one for the VM's end of its link, one for its own. */
const ADDRESSES_PER_SLOT = 2;

/** The two ends of a container's link. */
export interface SlotAddresses {
  /** The VM's end. */
  readonly host: string;
  /** The container's. */
  readonly container: string;
}

/**
 * How many containers a network has room for.
 *
 * @param network - the network of the containers
 * @returns slots, numbered from 0
 */
export function slotCount(network: Ipv4Network): number {
  return 2 ** (32 - network.bits) / ADDRESSES_PER_SLOT;
}

/**
 * The addresses of a slot.
 *
 * @param network - the network of the containers
 * @param slot - number from 0
 * @returns both ends
 */
export function slotAddresses(network: Ipv4Network, slot: number): SlotAddresses {
  const host = network.base + slot * ADDRESSES_PER_SLOT;
  return { host: formatIpv4(host), container: formatIpv4(host + 1) };
}

/**
 * Finds the slot that an address belongs to.
 *
 * @param network - the network of the containers
 * @param address - four decimal numbers
 * @returns the slot, or `undefined` when the address is not in the network
 */
export function slotOfAddress(network: Ipv4Network, address: string): number | undefined {
  const value = parseIpv4(address);
  if (value === undefined || !containsAddress(network, value)) return undefined;
  return Math.floor((value - network.base) / ADDRESSES_PER_SLOT);
}

/**
 * What the names of all links of one launcher begin with.
 *
 * @param owner - eight hex digits that tell launchers apart
 * @returns the prefix
 */
export function ownLinkPrefix(owner: string): string {
  return `${LINK_PREFIX}${owner}`;
}

/**
 * Name of the VM's end of a link.
 *
 * @param owner - eight hex digits that tell launchers apart
 * @param slot - number from 0
 * @returns a name of at most 15 characters
 */
export function linkName(owner: string, slot: number): string {
  return `${ownLinkPrefix(owner)}${slot.toString(SLOT_BASE)}`;
}

/**
 * Finds the slot that a link belongs to.
 *
 * @param owner - eight hex digits that tell launchers apart
 * @param name - name of a link
 * @returns the slot, or `undefined` when it is not a link of this launcher
 */
export function slotOfLink(owner: string, name: string): number | undefined {
  const slot = Number.parseInt(name.slice(ownLinkPrefix(owner).length), SLOT_BASE);
  return Number.isSafeInteger(slot) && linkName(owner, slot) === name ? slot : undefined;
}
