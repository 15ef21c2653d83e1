// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import type { UserAndGroup } from '@proofgate/api';
import { LauncherError } from '../errors.ts';

/**
 * First user id given to workloads that name none. The ids up to {@link WORKLOAD_UID_COUNT} above it lie inside the
 * range that systemd's "Users, Groups, UIDs and GIDs on systemd Systems" leaves to containers (524288 to 1879048191).
 */
export const WORKLOAD_UID_BASE = 0x4000_0000;

/** 2^29 ids: two of a hundred workloads share one with a probability of one in a hundred thousand. */
export const WORKLOAD_UID_COUNT = 0x2000_0000;

/** Whom a process runs as. */
export interface ProcessUser extends UserAndGroup {
  /** No other workload has this id, so everything that runs under it is this workload's. */
  readonly exclusive: boolean;
}

/**
 * Decides whom a process workload runs as.
 *
 * A launcher that is root gives every workload its own user id, computed from its name and the launcher's data
 * directory: it stays the same when other workloads come and go, so files that a workload has written stay its own, and
 * workloads of another launcher on the same machine have other ids. A launcher that is not root cannot switch, so its
 * workloads run as itself.
 *
 * @param name - the workload's name
 * @param scope - absolute path of a directory that no other launcher uses
 * @param declared - `user` of the config file, if given
 * @param own - the launcher's user
 * @returns the user, or `undefined` for the launcher's own
 * @throws LauncherError ERR_LAUNCHER_USER_INVALID when the launcher may not switch to the declared user
 */
export function processUser(
  name: string,
  scope: string,
  declared: UserAndGroup | undefined,
  own: UserAndGroup,
): ProcessUser | undefined {
  if (own.uid === 0) {
    if (declared !== undefined) return { ...declared, exclusive: false };
    const id = WORKLOAD_UID_BASE + (hash32(`${scope}\0${name}`) % WORKLOAD_UID_COUNT);
    return { uid: id, gid: id, exclusive: true };
  }
  if (declared === undefined || (declared.uid === own.uid && declared.gid === own.gid)) {
    return undefined;
  }
  throw new LauncherError(
    'ERR_LAUNCHER_USER_INVALID',
    `workload ${name} asks for user ${formatUser(declared)}, but a launcher that is not root cannot switch users`,
    {
      expected: formatUser(own),
      seen: formatUser(declared),
      hint: 'run the launcher as root or leave "user" out',
    },
  );
}

/**
 * Writes a user as the config file does.
 *
 * @param user - numbers of the user and the group
 * @returns `uid:gid`
 */
export function formatUser(user: UserAndGroup): string {
  return `${String(user.uid)}:${String(user.gid)}`;
}

function hash32(text: string): number {
  return createHash('sha256').update(text, 'utf8').digest().readUInt32BE(0);
}
