// SPDX-License-Identifier: Apache-2.0
import { openPlatform } from '@proofgate/attester';
import { createLifecycle, createLogger, type Logger } from '@proofgate/daemon';
import { startLauncher, type RunningLauncher } from '@proofgate/launcher';

import { readConfig } from '../input/config-argument.ts';
import { endWithParent } from '../service/end-with-parent.ts';
import { ownUser } from '../service/own-user.ts';
import type { ServiceOptions } from '../service/service-options.ts';

/** Stopping waits for the workloads, each of which says how much time it needs. */
const STOP_TIMEOUT_MS = 120_000;

/** Runs the launcher alone. SIGHUP reads workloads and routes again. */
export async function launcher(options: ServiceOptions): Promise<void> {
  const config = await readConfig(options.config);
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
    process.on('SIGHUP', () => void reload(options.config, running, logger));
  });
}

async function reload(file: string, running: RunningLauncher, logger: Logger): Promise<void> {
  try {
    await running.reload(await readConfig(file));
    logger.info({ file }, 'reloaded');
  } catch (error) {
    logger.error({ err: error, file }, 'not reloaded: the launcher goes on as it was');
  }
}
