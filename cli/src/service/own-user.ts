// SPDX-License-Identifier: Apache-2.0
import type { UserAndGroup } from '@proofgate/api';

import { CliError } from '../errors.ts';

/**
 * User and group that this process runs as.
 *
 * @throws CliError `ERR_CLI_USAGE` on a system without numeric users: launcher and proxy need POSIX
 */
export function ownUser(): UserAndGroup {
  const uid = process.getuid?.();
  const gid = process.getgid?.();
  if (uid === undefined || gid === undefined) {
    throw new CliError('ERR_CLI_USAGE', 'this command needs a POSIX system');
  }
  return { uid, gid };
}
