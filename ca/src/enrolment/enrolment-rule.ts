// SPDX-License-Identifier: Apache-2.0
import type { Policy } from '@proofgate/verifier';

/** Which machines may have an intermediary for which hosts. */
export interface EnrolmentRule {
  readonly name: string;
  /** What the evidence of such a machine has to be. */
  readonly policy: Policy;
  /** Hosts: exact names, or `.machines.example.com` for any one label in front of it. */
  readonly hosts: readonly string[];
  /** Validity of the intermediary. */
  readonly days: number;
}

/**
 * The rules that speak about a host, in the order of the configuration.
 *
 * @param rules - all of them
 * @param host - lower case
 */
export function rulesFor(rules: readonly EnrolmentRule[], host: string): readonly EnrolmentRule[] {
  return rules.filter(({ hosts }) => hosts.some((pattern) => covers(pattern, host)));
}

function covers(pattern: string, host: string): boolean {
  if (!pattern.startsWith('.')) return pattern === host;
  const label = host.slice(0, -pattern.length);
  return host.endsWith(pattern) && label !== '' && !label.includes('.');
}
