// SPDX-License-Identifier: Apache-2.0
import { ALLOWED_SYSCALLS, REFUSED_SYSCALLS } from './seccomp-syscalls.ts';

/** One condition on an argument of a system call (OCI runtime-spec, config-linux.md, "Seccomp"). */
export interface SeccompArgument {
  readonly index: number;
  /** With `SCMP_CMP_MASKED_EQ` the mask. */
  readonly value: number;
  /** With `SCMP_CMP_MASKED_EQ` what the masked argument is compared with. */
  readonly valueTwo?: number;
  readonly op: 'SCMP_CMP_EQ' | 'SCMP_CMP_MASKED_EQ';
}

/** What happens to some system calls. */
export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO';
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArgument[];
}

/** A filter of system calls, in the form that OCI runtimes and podman's profile files share. */
export interface SeccompProfile {
  readonly defaultAction: 'SCMP_ACT_ERRNO';
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly SeccompRule[];
}

/** errno(3), x86-64 and arm64. */
const EPERM = 1;
const ENOSYS = 38;

/** The flags CLONE_NEW… of clone(2): cgroup, ipc, net, mount, pid, user and uts namespace. */
const CLONE_NAMESPACES = 0x7e02_0000;

/** `linux/socket.h` */
const AF_UNIX = 1;

/**
 * Address families that a container may have sockets of (`linux/socket.h`): unix, inet, inet6 and netlink. AF_VSOCK is
 * the one that matters: it leads to the host of the VM, past every network namespace and firewall rule. AF_ALG and the
 * rare protocols are attack surface.
 */
const SOCKET_FAMILIES = [AF_UNIX, 2, 10, 16];

/** The persona of every Linux program, and the value that only asks for the current one (personality(2)). */
const PERSONALITIES = [0, 0xffff_ffff];

/**
 * The launcher's own filter of system calls: a list of what is allowed. Both engines use this one value; engines' own
 * profiles differ, and some let a container make user namespaces and mount file systems in them.
 *
 * Programs for other architectures, such as 32-bit ones, are killed at their first system call: the filter of a 64-bit
 * table says nothing about another one.
 */
export const SECCOMP_PROFILE: SeccompProfile = {
  defaultAction: 'SCMP_ACT_ERRNO',
  // Among them clone3: its flags are in memory, where a filter cannot look. C libraries then use clone.
  defaultErrnoRet: ENOSYS,
  architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'],
  syscalls: [
    { names: Object.values(ALLOWED_SYSCALLS).flat(), action: 'SCMP_ACT_ALLOW' },
    {
      names: ['clone'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: CLONE_NAMESPACES, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
    },
    ...SOCKET_FAMILIES.map((family) => allowWhenFirstIs('socket', family)),
    allowWhenFirstIs('socketpair', AF_UNIX),
    ...PERSONALITIES.map((persona) => allowWhenFirstIs('personality', persona)),
    {
      names: Object.values(REFUSED_SYSCALLS).flat(),
      action: 'SCMP_ACT_ERRNO',
      errnoRet: EPERM,
    },
  ],
};

function allowWhenFirstIs(name: string, value: number): SeccompRule {
  return {
    names: [name],
    action: 'SCMP_ACT_ALLOW',
    args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }],
  };
}
