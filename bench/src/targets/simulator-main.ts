// SPDX-License-Identifier: Apache-2.0
// Stands in for the hardware, outside of what is measured.
import { join } from 'node:path';
import { SIMULATOR_SOCKET } from '@proofgate/attester';
import { ensureDir } from '@proofgate/daemon';
import { createSimulatedPlatform, servePlatform } from '@proofgate/simulator';
import { runTarget } from './target-program.ts';

/** Where the platform's socket goes. */
interface SimulatorSettings {
  readonly runDir: string;
  /** What a quote takes. */
  readonly latencyMs?: number;
}

await runTarget(async ({ runDir, latencyMs = 0 }: SimulatorSettings) => {
  await ensureDir(runDir, 0o750);
  const platform = createSimulatedPlatform({ latencyMs });
  const socketPath = join(runDir, SIMULATOR_SOCKET);
  const service = await servePlatform({ platform, socketPath });
  return { port: 0, close: () => service.close() };
});
