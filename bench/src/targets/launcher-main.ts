// SPDX-License-Identifier: Apache-2.0
// What is measured: the launcher as configured by default, with one engine.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vmConfigSchema } from '@proofgate/api';
import { openPlatform } from '@proofgate/attester';
import { createLogger, ensureDir } from '@proofgate/daemon';
import { startLauncher } from '@proofgate/launcher';
import { runTarget } from './target-program.ts';

/** A launcher without workloads. */
interface LauncherSettings {
  readonly engine: 'containerd' | 'podman';
  readonly dataDir: string;
  readonly runDir: string;
  /** Control group above those of the containers. */
  readonly cgroupParent: string;
  /** PEM of the intermediary CA and its key. */
  readonly certificate: string;
  readonly key: string;
}

await runTarget(async (settings: LauncherSettings) => {
  const { engine, dataDir, runDir, cgroupParent } = settings;
  await ensureDir(dataDir, 0o711);
  const [certificateFile, keyFile] = [join(dataDir, 'ca.pem'), join(dataDir, 'ca.key')];
  await writeFile(certificateFile, settings.certificate);
  await writeFile(keyFile, settings.key, { mode: 0o600 });
  const config = vmConfigSchema.parse({
    version: '1',
    platform: {
      tee: 'simulated',
      ca_cert: certificateFile,
      ca_key: keyFile,
      data_dir: dataDir,
      run_dir: runDir,
      runtime: engine,
    },
  });
  const launcher = await startLauncher(config, {
    logger: createLogger({ name: 'launcher' }),
    platform: await openPlatform({ tee: config.platform.tee, runDir }),
    own: { uid: process.getuid?.() ?? 1, gid: process.getgid?.() ?? 1 },
    cgroupParent,
  });
  return { port: 0, close: () => launcher.stop() };
});
