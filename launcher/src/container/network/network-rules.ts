// SPDX-License-Identifier: Apache-2.0
import { formatIpv4Network, type Ipv4Network } from './ipv4-network.ts';
import { LINK_PREFIX, ownLinkPrefix } from './slot-addresses.ts';

/**
 * Where clouds serve what belongs to the VM and not to its containers, such as its credentials: link-local addresses
 * (RFC 3927; AWS, Azure, Google and others), and Alibaba's in the shared range.
 */
const METADATA_NETWORKS = ['169.254.0.0/16', '100.100.100.200'];

/** Azure's agent endpoint; it is also Azure's DNS server, which containers may ask. */
const AZURE_ENDPOINT = '168.63.129.16';

/** What the rules of a launcher depend on. */
export interface RuleInput {
  /** Eight hex digits that tell launchers apart. */
  readonly owner: string;
  readonly network: Ipv4Network;
  /** Links of the containers that may open connections to the outside. */
  readonly egress: readonly string[];
}

/**
 * Name of the table that holds all rules of a launcher.
 *
 * @param owner - eight hex digits that tell launchers apart
 * @returns the name, for the family `inet`
 */
export function tableName(owner: string): string {
  return `proofgate_${owner}`;
}

/**
 * Writes the rules of a launcher as one transaction for `nft -f`: whatever the table held before is replaced at once,
 * without a moment in between. The rules speak of the launcher's own links alone, by the beginning of their names, so
 * a new container is confined before its link exists, and what else the machine forwards stays as it is.
 *
 * Hooks see a packet in this order: `arrival` (raw), then `input` for the VM itself or `forward` and `departure`.
 *
 * @param input - what they depend on
 * @returns the script
 */
export function ruleScript({ owner, network, egress }: RuleInput): string {
  const table = `inet ${tableName(owner)}`;
  const ours = `"${ownLinkPrefix(owner)}*"`;
  const anyLauncher = `"${LINK_PREFIX}*"`;
  const containers = formatIpv4Network(network);
  const elements = egress.map((link) => `"${link}"`).join(', ');
  return `add table ${table}
delete table ${table}
table ${table} {
  set egress {
    type ifname
    ${elements === '' ? '' : `elements = { ${elements} }`}
  }

  chain arrival {
    type filter hook prerouting priority raw; policy accept;
    iifname ${ours} jump from_container
  }

  chain from_container {
    meta nfproto != ipv4 drop
    fib saddr . iif oif missing drop
  }

  chain input {
    type filter hook input priority filter; policy accept;
    iifname ${ours} jump to_machine
  }

  chain to_machine {
    ct state established accept
    ct state related meta l4proto icmp accept
    drop
  }

  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname ${ours} jump to_outside
    oifname ${ours} jump from_outside
  }

  chain to_outside {
    oifname ${anyLauncher} drop
    ip daddr ${containers} drop
    ip daddr { ${METADATA_NETWORKS.join(', ')} } drop
    ip daddr ${AZURE_ENDPOINT} th dport != 53 drop
    iifname @egress accept
    drop
  }

  chain from_outside {
    ct state established accept
    ct state related meta l4proto icmp accept
    drop
  }

  chain departure {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${containers} oifname != ${anyLauncher} masquerade
  }
}
`;
}

/**
 * Removes all rules of a launcher, whether there are any or not.
 *
 * @param owner - eight hex digits that tell launchers apart
 * @returns a script for `nft -f`
 */
export function ruleRemovalScript(owner: string): string {
  const table = `inet ${tableName(owner)}`;
  return `add table ${table}\ndelete table ${table}\n`;
}
