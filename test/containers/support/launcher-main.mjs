// SPDX-License-Identifier: Apache-2.0
// A launcher in a process of its own, for tests that kill it. As `proofgate launcher`, with a control group and times
// that suit a test: argument 1 is its config file, 2 its control group, 3 its times as JSON.
import { openPlatform } from '@proofgate/attester';
import { vmConfigSchema } from '@proofgate/api';
import { createLifecycle, createLogger, readConfigFile } from '@proofgate/daemon';
import { startLauncher, SUPERVISION_TIMING } from '@proofgate/launcher';

const [, , configFile = '', cgroupParent = '', timing = '{}'] = process.argv;
const logger = createLogger({ name: 'launcher' });
const lifecycle = createLifecycle({ logger });

void lifecycle.run(async () => {
  const config = await readConfigFile(configFile, vmConfigSchema);
  const launcher = await startLauncher(config, {
    platform: await openPlatform({ tee: 'simulated', runDir: config.platform.run_dir }),
    logger,
    own: { uid: 0, gid: 0 },
    cgroupParent,
    timing: { ...SUPERVISION_TIMING, ...JSON.parse(timing) },
  });
  lifecycle.onShutdown('launcher', () => launcher.stop(), 60_000);
});
