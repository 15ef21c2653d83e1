// SPDX-License-Identifier: Apache-2.0
import type { PlatformConfig } from './platform-config.ts';
import type { UserAndGroup } from './user.ts';

/**
 * Whom the proxy's workers become when root started them and the file names nobody: an id without an account or a file,
 * near the end of what 16 bits hold, where neither distributions nor adduser give ids away.
 */
export const DEFAULT_WORKER_ID = 65_530;

/**
 * Decides whom the proxy's workers run as, for the proxy that switches and for the launcher that opens its socket to
 * them.
 *
 * @param platform names them, or leaves it to the default
 * @param own the user that launcher and proxy run as; only root can switch
 * @returns the workers' user, or `undefined` when they stay what they are
 */
export function workerUser(platform: PlatformConfig, own: UserAndGroup): UserAndGroup | undefined {
  if (own.uid !== 0) return undefined;
  const { worker_uid: uid = DEFAULT_WORKER_ID, worker_gid: gid = DEFAULT_WORKER_ID } = platform;
  return { uid, gid };
}
