// SPDX-License-Identifier: Apache-2.0
import { vmConfigSchema } from '@proofgate/api';
import { openPlatform } from '@proofgate/attester';
import { createLifecycle, createLogger, readConfigFile } from '@proofgate/daemon';
import { startLauncher } from '@proofgate/launcher';

import { endWithParent } from '../end-with-parent.ts';
import { ownUser } from '../own-user.ts';
import type { ServiceOptions } from '../service-options.ts';

/** Stopping waits for the workloads one after the other, ten seconds each at most. */
const STOP_TIMEOUT_MS = 120_000;

/** Runs the launcher alone. */
export async function launcher(options: ServiceOptions): Promise<void> {
  const config = await readConfigFile(options.config, vmConfigSchema);
  if (options.check === true) return;
  const logger = createLogger({ name: 'launcher' });
  const lifecycle = createLifecycle({ logger });
  if (options.withParent === true) endWithParent(lifecycle);
  await lifecycle.run(async () => {
    const { tee, run_dir: runDir } = config.platform;
    const platform = await openPlatform({ tee, runDir });
    const running = await startLauncher(config, {
      platform,
      logger,
      own: ownUser(),
      signal: lifecycle.signal,
    });
    lifecycle.onShutdown('launcher', () => running.stop(), STOP_TIMEOUT_MS);
  });
}
