// SPDX-License-Identifier: Apache-2.0
import { vmConfigSchema } from '@proofgate/api';
import { createLifecycle, createLogger, ensureDir, readConfigFile } from '@proofgate/daemon';

import { endWithParent } from '../end-with-parent.ts';
import type { ServiceOptions } from '../service-options.ts';
import { startSimulatedHardware } from '../simulated-hardware.ts';

/** Runs the software TDX platform of a config file by itself, for a launcher and a proxy that run by themselves. */
export async function simulator(options: ServiceOptions): Promise<void> {
  const config = await readConfigFile(options.config, vmConfigSchema);
  if (options.check === true) return;
  const logger = createLogger({ name: 'simulator' });
  const lifecycle = createLifecycle({ logger });
  if (options.withParent === true) endWithParent(lifecycle);
  await lifecycle.run(async () => {
    await ensureDir(config.platform.run_dir, 0o750);
    const hardware = await startSimulatedHardware(config, logger);
    lifecycle.onShutdown('simulated platform', () => hardware.close());
  });
}
