// SPDX-License-Identifier: Apache-2.0

/** Everything about a CA certificate that does not depend on the request. */
export interface CaProfile {
  readonly keyUsage: readonly ['keyCertSign', 'cRLSign'];
  /** How many CA certificates may stand between this one and a leaf. */
  readonly pathLength: 0 | 1;
  /** Longest validity in days. */
  readonly maxDays: number;
}

/** The two levels of an operator's PKI: an offline root, and one intermediary in each machine. */
export const CA_PROFILES: Readonly<Record<'root' | 'intermediary', CaProfile>> = {
  // 25 years: longer than the algorithms are expected to hold.
  root: { keyUsage: ['keyCertSign', 'cRLSign'], pathLength: 1, maxDays: 9131 },
  // 5 years: a machine's key is online, and rotating it costs clients nothing.
  intermediary: { keyUsage: ['keyCertSign', 'cRLSign'], pathLength: 0, maxDays: 1826 },
};
