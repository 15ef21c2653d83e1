// SPDX-License-Identifier: Apache-2.0
import { openPlatform } from '@proofgate/attester';
import { createLifecycle, createLogger } from '@proofgate/daemon';
import { startLauncher } from '@proofgate/launcher';

import { ENDING_SIGNALS } from '../service/ending-signals.ts';
import { readConfig } from '../input/config-argument.ts';
import { endWithParent } from '../service/end-with-parent.ts';
import { ownUser } from '../service/own-user.ts';
import type { ServiceOptions } from '../service/service-options.ts';

/** Stopping waits for the workloads one after the other, ten seconds each at most. */
const STOP_TIMEOUT_MS = 120_000;

/** Runs the launcher alone. */
export async function launcher(options: ServiceOptions): Promise<void> {
  const config = await readConfig(options.config);
  if (options.check === true) return;
  const logger = createLogger({ name: 'launcher' });
  const lifecycle = createLifecycle({ logger, signals: ENDING_SIGNALS });
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
