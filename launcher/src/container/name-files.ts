// SPDX-License-Identifier: Apache-2.0
import {
  containsAddress,
  parseIpv4,
  parseIpv4Network,
  type Ipv4Network,
} from './network/ipv4-network.ts';

/** Asked when the VM's own name servers cannot be reached from a container; two operators, as Enclave OS has it. */
export const FALLBACK_NAME_SERVERS: readonly string[] = ['1.1.1.1', '8.8.8.8'];

/** What C libraries read of /etc/resolv.conf (resolv.conf(5), MAXNS). */
const MAX_NAME_SERVERS = 3;

/** Addresses that mean something else in a container, or that its firewall rules keep from it. */
const UNREACHABLE_NETWORKS: readonly (Ipv4Network | undefined)[] = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
].map(parseIpv4Network);

/**
 * Content of a container's /etc/hosts.
 *
 * @param name - its host name
 * @returns lines
 */
export function hostsFile(name: string): string {
  return [
    '127.0.0.1 localhost',
    '::1 localhost ip6-localhost ip6-loopback',
    // Debian's address for a host's own name.
    `127.0.1.1 ${name}`,
    '',
  ].join('\n');
}

/**
 * Content of a container's /etc/resolv.conf.
 *
 * @param egress - whether the container reaches anything outside the VM
 * @param machine - content of the VM's resolv.conf, best of the one behind a local cache
 * @returns lines
 */
export function resolverFile(egress: boolean, machine: string): string {
  if (!egress) {
    // Without a server named, the container's own loopback is asked, where nobody answers: names fail at once.
    return '# This container opens no connections to the outside.\noptions attempts:1 timeout:1\n';
  }
  const servers = nameServers(machine);
  const used = servers.length > 0 ? servers : FALLBACK_NAME_SERVERS;
  return used.map((server) => `nameserver ${server}\n`).join('');
}

/**
 * Finds the name servers of the VM that a container can reach.
 *
 * @param resolverText - content of a resolv.conf
 * @returns IPv4 addresses; none of loopback or link-local, which end in the VM or in its cloud's metadata service
 */
export function nameServers(resolverText: string): readonly string[] {
  const named = resolverText
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? '')
    .filter((server) => {
      const address = parseIpv4(server);
      return address !== undefined && !UNREACHABLE_NETWORKS.some((net) => isIn(net, address));
    });
  return [...new Set(named)].slice(0, MAX_NAME_SERVERS);
}

function isIn(network: Ipv4Network | undefined, address: number): boolean {
  return network !== undefined && containsAddress(network, address);
}
