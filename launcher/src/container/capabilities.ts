// SPDX-License-Identifier: Apache-2.0

/** Names in the order of their numbers (`linux/capability.h`, Linux 6.12). */
// prettier-ignore
const CAPABILITIES: readonly string[] = [
  'CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_DAC_READ_SEARCH', 'CAP_FOWNER', 'CAP_FSETID', 'CAP_KILL', 'CAP_SETGID',
  'CAP_SETUID', 'CAP_SETPCAP', 'CAP_LINUX_IMMUTABLE', 'CAP_NET_BIND_SERVICE', 'CAP_NET_BROADCAST', 'CAP_NET_ADMIN',
  'CAP_NET_RAW', 'CAP_IPC_LOCK', 'CAP_IPC_OWNER', 'CAP_SYS_MODULE', 'CAP_SYS_RAWIO', 'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE', 'CAP_SYS_PACCT', 'CAP_SYS_ADMIN', 'CAP_SYS_BOOT', 'CAP_SYS_NICE', 'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME', 'CAP_SYS_TTY_CONFIG', 'CAP_MKNOD', 'CAP_LEASE', 'CAP_AUDIT_WRITE', 'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP', 'CAP_MAC_OVERRIDE', 'CAP_MAC_ADMIN', 'CAP_SYSLOG', 'CAP_WAKE_ALARM', 'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ', 'CAP_PERFMON', 'CAP_BPF', 'CAP_CHECKPOINT_RESTORE',
];

/**
 * Finds a name that is no capability.
 *
 * @param names - such as `CAP_NET_BIND_SERVICE`
 * @returns the first unknown one, or `undefined`
 */
export function unknownCapability(names: readonly string[]): string | undefined {
  return names.find((name) => !CAPABILITIES.includes(name));
}

/**
 * Writes capabilities as the kernel shows them in `/proc/pid/status`.
 *
 * @param names - such as `CAP_NET_BIND_SERVICE`; unknown ones have no bit
 * @returns one bit for each
 */
export function capabilityMask(names: readonly string[]): bigint {
  return names
    .map((name) => CAPABILITIES.indexOf(name))
    .filter((bit) => bit >= 0)
    .reduce((mask, bit) => mask | (1n << BigInt(bit)), 0n);
}
