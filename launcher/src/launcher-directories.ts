// SPDX-License-Identifier: Apache-2.0
import { chown, realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { workerUser, type PlatformConfig, type UserAndGroup } from '@proofgate/api';
import { ensureDir } from '@proofgate/daemon';

/** Where a launcher keeps its files; absolute paths. */
export interface LauncherDirectories {
  /** Sockets and what is worth nothing after a reboot. */
  readonly run: string;
  /** State that may outlive a boot. */
  readonly data: string;
  /** One directory of logs for each workload; links are resolved, as the kernel shows the path of an open log. */
  readonly logs: string;
}

/**
 * Makes the launcher's directories.
 *
 * @param platform - names them
 * @param own - the user that the launcher runs as
 * @returns their paths
 * @throws DaemonError `ERR_DAEMON_FILE_WRITE` when one cannot be made
 */
export async function prepareDirectories(
  platform: PlatformConfig,
  own: UserAndGroup,
): Promise<LauncherDirectories> {
  const run = resolve(platform.run_dir);
  const data = resolve(platform.data_dir);
  const logs = resolve(data, 'logs');
  await ensureDir(run, 0o750);
  const gid = workerUser(platform, own)?.gid;
  if (gid !== undefined) await chown(run, own.uid, gid);
  await ensureDir(data, 0o700);
  await ensureDir(logs, 0o700);
  return { run, data, logs: await realpath(logs) };
}
