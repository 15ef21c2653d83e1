// SPDX-License-Identifier: Apache-2.0
/* A launcher in a process of its own, for tests that kill it: argument 1 is its config file. */
import { readConfigFile, createLifecycle, createLogger } from '@proofgate/daemon';
import { openPlatform } from '@proofgate/attester';
import { vmConfigSchema } from '@proofgate/api';
import { startLauncher } from '@proofgate/launcher';

const logger = createLogger({ name: 'launcher', level: 'warn' });
const lifecycle = createLifecycle({ logger });

void lifecycle.run(async () => {
  const config = await readConfigFile(process.argv[2] ?? '', vmConfigSchema);
  const launcher = await startLauncher(config, {
    platform: await openPlatform({ tee: 'simulated', runDir: config.platform.run_dir }),
    logger,
    own: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
  });
  lifecycle.onShutdown('launcher', () => launcher.stop(), 60_000);
});
