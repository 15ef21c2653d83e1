// SPDX-License-Identifier: Apache-2.0
import { createLifecycle, createLogger, ensureDir } from '@proofgate/daemon';

import { ENDING_SIGNALS } from '../service/ending-signals.ts';
import { readConfig } from '../input/config-argument.ts';
import { endWithParent } from '../service/end-with-parent.ts';
import type { ServiceOptions } from '../service/service-options.ts';
import { startSimulatedHardware } from '../service/simulated-hardware.ts';

/** Runs the software TDX platform of a config file by itself, for a launcher and a proxy that run by themselves. */
export async function simulator(options: ServiceOptions): Promise<void> {
  const config = await readConfig(options.config);
  if (options.check === true) return;
  const logger = createLogger({ name: 'simulator' });
  const lifecycle = createLifecycle({ logger, signals: ENDING_SIGNALS });
  if (options.withParent === true) endWithParent(lifecycle);
  await lifecycle.run(async () => {
    await ensureDir(config.platform.run_dir, 0o750);
    const hardware = await startSimulatedHardware(config, logger);
    lifecycle.onShutdown('simulated platform', () => hardware.close());
  });
}
