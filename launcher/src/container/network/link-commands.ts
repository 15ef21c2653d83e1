// SPDX-License-Identifier: Apache-2.0
import { CONTAINER_LINK, type SlotAddresses } from './slot-addresses.ts';

/** What the link of a container is made of. */
export interface LinkPlan {
  /** Name of the VM's end. */
  readonly link: string;
  readonly addresses: SlotAddresses;
  /** Path of the container's network namespace. */
  readonly networkNamespace: string;
  /** Whether the kernel knows IPv6: then both ends are told to do without an address of it. */
  readonly ipv6: boolean;
}

/**
 * Commands for `ip -batch` in the VM: make a link between the VM and a network namespace.
 *
 * @param plan - the link
 * @returns one command a line
 */
export function hostLinkCommands({ link, addresses, networkNamespace, ipv6 }: LinkPlan): string {
  return [
    `link add ${link} type veth peer name ${CONTAINER_LINK} netns ${networkNamespace}`,
    ...withoutIpv6Address(link, ipv6),
    `address add ${addresses.host}/31 dev ${link}`,
    `link set ${link} up`,
    '',
  ].join('\n');
}

/**
 * Commands for `ip -batch` inside the network namespace of a container.
 *
 * @param plan - the link
 * @returns one command a line
 */
export function containerLinkCommands({ addresses, ipv6 }: LinkPlan): string {
  return [
    'link set lo up',
    ...withoutIpv6Address(CONTAINER_LINK, ipv6),
    `address add ${addresses.container}/31 dev ${CONTAINER_LINK}`,
    `link set ${CONTAINER_LINK} up`,
    `route add default via ${addresses.host}`,
    '',
  ].join('\n');
}

/**
 * Commands for `ip -batch` in the VM: remove links.
 *
 * @param links - names of the VM's ends
 * @returns one command a line
 */
export function linkRemovalCommands(links: readonly string[]): string {
  return links.map((link) => `link delete ${link}\n`).join('');
}

function withoutIpv6Address(link: string, ipv6: boolean): readonly string[] {
  return ipv6 ? [`link set ${link} addrgenmode none`] : [];
}
