// SPDX-License-Identifier: Apache-2.0
import { ProxyError } from '../errors.ts';
import type { UserAndGroup } from '@proofgate/api';

/** What this needs of `process`; absent on systems without user ids. */
export interface PrivilegedProcess {
  getuid?(): number;
  getgid?(): number;
  getgroups?(): number[];
  setgroups?(groups: number[]): void;
  setgid?(id: number): void;
  setuid?(id: number): void;
}

/**
 * Gives up root for good: no supplementary groups, then the group, then the user, in the only order that works. Nothing
 * changes when the process is not root.
 *
 * @returns whether the ids were changed
 * @throws ProxyError ERR_PROXY_PRIVILEGES
 */
export function dropPrivileges(process: PrivilegedProcess, { uid, gid }: UserAndGroup): boolean {
  if (process.getuid?.() !== 0) return false;
  if (uid === 0 || gid === 0) {
    throw new ProxyError('ERR_PROXY_PRIVILEGES', 'a worker must not stay root', {
      expected: 'a user and a group other than 0',
      seen: `${uid}:${gid}`,
    });
  }
  try {
    process.setgroups?.([]);
    process.setgid?.(gid);
    process.setuid?.(uid);
  } catch (cause) {
    throw new ProxyError('ERR_PROXY_PRIVILEGES', 'ids cannot be changed', { cause });
  }
  checkIds(process, { uid, gid });
  return true;
}

/** A kernel that says yes and does nothing would leave the network's parser running as root. */
function checkIds(process: PrivilegedProcess, { uid, gid }: UserAndGroup): void {
  const groups = (process.getgroups?.() ?? []).filter((group) => group !== gid);
  if (process.getuid?.() === uid && process.getgid?.() === gid && groups.length === 0) return;
  throw new ProxyError('ERR_PROXY_PRIVILEGES', 'ids are not what they were changed to', {
    expected: `${uid}:${gid}`,
    seen: [process.getuid?.(), process.getgid?.(), ...groups].join(':'),
  });
}
