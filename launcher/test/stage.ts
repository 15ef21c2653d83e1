// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vmConfigSchema, type VmConfig } from '@proofgate/api';
import { openPlatform, type Platform } from '@proofgate/attester';
import { requestUnix, waitFor } from '@proofgate/daemon';
import { encodePem, toHex } from '@proofgate/evidence';
import {
  startLauncher,
  SUPERVISION_TIMING,
  type RunningLauncher,
  type SupervisionTiming,
} from '@proofgate/launcher';
import {
  createSimulatedPlatform,
  servePlatform,
  type SimulatedPlatform,
} from '@proofgate/simulator';
import { onTestFinished } from 'vitest';
import { freePort, OWN_USER, silentLogger, temporaryDirectory, writeProgram } from './fixtures.ts';

/** Answers every request with its pid. */
export const SERVER = `
  import { createServer } from 'node:http';
  createServer((request, response) => response.end(String(process.pid)))
    .listen(Number(process.env.PORT), '127.0.0.1');`;

/** A VM as far as a launcher sees it: directories, a CA file, and a platform behind its socket. */
export interface VmStage {
  readonly dir: string;
  readonly runDir: string;
  readonly server: string;
  /** The config file's content with these workloads and further fields. */
  config(containers: readonly object[], fields?: object): object;
  /** The same, checked. */
  parse(containers: readonly object[], fields?: object): VmConfig;
  /** A served workload with a health check on a free port. */
  workload(name: string, fields?: object): Promise<object>;
  /** Boots the platform, the first time or anew: its registers are zero. */
  boot(): Promise<void>;
  openPlatform(): Promise<Platform>;
  /** RTMR3 in hex. */
  rtmr3(): string;
  /** Asks the launcher's local socket. */
  ask(path: string, socket?: string): Promise<{ status: number; body: unknown }>;
}

/** Sets the stage; everything is removed after the test. */
export async function vmStage(): Promise<VmStage> {
  const dir = await temporaryDirectory();
  const runDir = join(dir, 'run');
  const caFile = join(dir, 'ca.pem');
  const server = await writeProgram(dir, 'server.mjs', SERVER);
  let platform: SimulatedPlatform | undefined;
  let service: Awaited<ReturnType<typeof servePlatform>> | undefined;
  const config = (containers: readonly object[], fields: object = {}): object => ({
    version: '1',
    platform: {
      machine_name: 'm1',
      hostname: 'example.com',
      tee: 'simulated',
      ca_cert: caFile,
      ca_key: join(dir, 'ca.key'),
      data_dir: join(dir, 'data'),
      run_dir: runDir,
      image_profile_file: join(dir, 'image-profile'),
      ...fields,
    },
    containers,
  });
  const stage: VmStage = {
    dir,
    runDir,
    server,
    config,
    parse: (containers, fields) => vmConfigSchema.parse(config(containers, fields)),
    workload: async (name, fields = {}) => {
      const port = await freePort();
      return {
        name,
        runtime: 'process',
        command: [process.execPath, server],
        port,
        health_check: { http: `http://127.0.0.1:${String(port)}/`, interval_seconds: 0.2 },
        restart: { initial_delay: '10ms' },
        ...fields,
      };
    },
    boot: async () => {
      await service?.close();
      platform = createSimulatedPlatform({});
      await mkdir(runDir, { recursive: true });
      await chmod(runDir, 0o750);
      service = await servePlatform({ platform, socketPath: join(runDir, 'simulator.sock') });
    },
    openPlatform: () => openPlatform({ tee: 'simulated', runDir }),
    rtmr3: () => toHex(platform!.measurements().rtmr[3]),
    ask: (path, socket = 'launcher.sock') =>
      requestUnix({ socketPath: join(runDir, socket), method: 'GET', path, timeoutMs: 5_000 }),
  };
  onTestFinished(() => service?.close());
  await stage.boot();
  await writeFile(caFile, encodePem('CERTIFICATE', platform!.rootCertificate));
  return stage;
}

/** Starts a launcher in this process; it is stopped after the test. */
export async function start(
  stage: VmStage,
  config: VmConfig,
  timing: Partial<SupervisionTiming> = {},
): Promise<RunningLauncher> {
  const launcher = await startLauncher(config, {
    platform: await stage.openPlatform(),
    logger: silentLogger,
    own: OWN_USER,
    timing: { ...SUPERVISION_TIMING, ...timing },
  });
  onTestFinished(() => launcher.stop());
  return launcher;
}

/** Waits until every workload is healthy. */
export async function allHealthy(launcher: RunningLauncher): Promise<void> {
  await waitFor(() => launcher.workloads().every(({ state }) => state === 'healthy'), {
    timeoutMs: 15_000,
  });
}
