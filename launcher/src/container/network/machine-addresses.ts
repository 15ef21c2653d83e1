// SPDX-License-Identifier: Apache-2.0
import type { NetworkInterfaceInfo } from 'node:os';
import type { Ipv4Network } from './ipv4-network.ts';
import { slotOfAddress, slotOfLink } from './slot-addresses.ts';

/** Tells the addresses of the machine's links; `os.networkInterfaces`. */
export type AddressReader = () => NodeJS.Dict<readonly NetworkInterfaceInfo[]>;

/**
 * Finds the slots whose addresses something else on the machine has, such as another launcher with the same network.
 *
 * @param network - the network of the containers
 * @param owner - this launcher, whose own links do not count
 * @param links - the machine's links and their addresses
 * @returns slots that must not be given to a container
 */
export function occupiedSlots(
  network: Ipv4Network,
  owner: string,
  links: ReturnType<AddressReader>,
): ReadonlySet<number> {
  const foreign = Object.entries(links).filter(([name]) => slotOfLink(owner, name) === undefined);
  const addresses = foreign.flatMap(([, infos]) => infos ?? []).map(({ address }) => address);
  return new Set(addresses.flatMap((address) => slotOfAddress(network, address) ?? []));
}
