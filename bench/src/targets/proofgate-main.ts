// SPDX-License-Identifier: Apache-2.0
// What is measured: the proxy, as it is configured by default except for what the benchmark says.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vmConfigSchema } from '@proofgate/api';
import { openPlatform } from '@proofgate/attester';
import { createLogger, ensureDir, waitFor } from '@proofgate/daemon';
import { startProxy } from '@proofgate/proxy';
import { runTarget } from './target-program.ts';

/** One identity takes milliseconds on the simulated platform. */
const READY_TIMEOUT_MS = 30_000;

/** What stands in front of what. */
export interface ProofgateSettings {
  readonly dataDir: string;
  readonly runDir: string;
  /** The socket of the platform is below it. */
  readonly platformDir: string;
  /** As in the config file. */
  readonly routes: readonly {
    readonly hostname: string;
    readonly upstream: string;
    readonly mode?: 'tcp';
  }[];
  readonly workers: number;
  readonly connections: number;
  /** PEM of the intermediary CA and its key. */
  readonly certificate: string;
  readonly key: string;
  /** Further limits, as in the config file. */
  readonly limits?: object;
}

await runTarget(async (settings: ProofgateSettings) => {
  const { dataDir, runDir, platformDir, routes, workers, connections } = settings;
  await ensureDir(dataDir, 0o700);
  const [certificateFile, keyFile] = [join(dataDir, 'ca.pem'), join(dataDir, 'ca.key')];
  await writeFile(certificateFile, settings.certificate);
  await writeFile(keyFile, settings.key, { mode: 0o600 });
  const config = vmConfigSchema.parse({
    version: '1',
    platform: {
      tee: 'simulated',
      ca_cert: certificateFile,
      ca_key: keyFile,
      listen: '127.0.0.1:0',
      data_dir: dataDir,
      run_dir: runDir,
      workers,
      // The contenders keep idle connections as long as this.
      limits: { connections, idle_timeout: '10m', ...settings.limits },
    },
    routes,
  });
  const proxy = await startProxy(config, {
    // None of the contenders writes an access log.
    logger: createLogger({ name: 'proxy', level: 'warn' }),
    platform: await openPlatform({ tee: config.platform.tee, runDir: platformDir }),
    own: { uid: process.getuid?.() ?? 1, gid: process.getgid?.() ?? 1 },
  });
  await waitFor(() => proxy.health().status === 'ok', { timeoutMs: READY_TIMEOUT_MS });
  return { port: proxy.address.port, close: () => proxy.stop() };
});
