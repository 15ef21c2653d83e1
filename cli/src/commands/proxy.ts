// SPDX-License-Identifier: Apache-2.0
import { openPlatform } from '@proofgate/attester';
import { createLifecycle, createLogger, type Logger } from '@proofgate/daemon';
import { startProxy, type RunningProxy } from '@proofgate/proxy';

import type { CommandContext } from '../context.ts';
import { readConfig } from '../input/config-argument.ts';
import { endWithParent } from '../service/end-with-parent.ts';
import { ownUser } from '../service/own-user.ts';
import type { ServiceOptions } from '../service/service-options.ts';

/** Longer than the proxy's own drain deadline. */
const STOP_TIMEOUT_MS = 40_000;

/** Runs the TLS front alone. SIGHUP reads routes and CA files again. */
export async function proxy(
  options: ServiceOptions,
  { env }: Pick<CommandContext, 'env'>,
): Promise<void> {
  const config = await readConfig(options.config);
  if (options.check === true) return;
  const logger = createLogger({ name: 'proxy' });
  const lifecycle = createLifecycle({ logger });
  if (options.withParent === true) endWithParent(lifecycle);
  await lifecycle.run(async () => {
    const { tee, run_dir: runDir } = config.platform;
    const platform = await openPlatform({ tee, runDir });
    const opensslConf = env['OPENSSL_CONF'];
    const running = await startProxy(config, { platform, logger, own: ownUser(), opensslConf });
    lifecycle.onShutdown('proxy', () => running.stop(), STOP_TIMEOUT_MS);
    process.on('SIGHUP', () => void reload(options.config, running, logger));
  });
}

async function reload(file: string, running: RunningProxy, logger: Logger): Promise<void> {
  try {
    await running.reload(await readConfig(file));
    logger.info({ file }, 'reloaded');
  } catch (error) {
    logger.error({ err: error, file }, 'not reloaded: the proxy goes on as it was');
  }
}
