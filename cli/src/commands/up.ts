// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { VmConfig } from '@proofgate/api';
import {
  ChildProcess,
  createLifecycle,
  createLogger,
  ensureDir,
  requestUnix,
  waitFor,
  type Logger,
} from '@proofgate/daemon';

import type { CommandContext } from '../context.ts';
import { ENDING_SIGNALS } from '../service/ending-signals.ts';
import { readConfig } from '../input/config-argument.ts';
import { endWithParent } from '../service/end-with-parent.ts';
import { keepEnrolled } from '../service/enrolled-ca.ts';
import type { ServiceOptions } from '../service/service-options.ts';
import { startSimulatedHardware } from '../service/simulated-hardware.ts';

/** What `up` keeps running. They start together and stop in the reverse order. */
const PARTS = [
  { name: 'launcher', socket: 'launcher.sock' },
  { name: 'proxy', socket: 'proxy.sock' },
] as const;

/** A part first measures, or mints identities; both take seconds on hardware. */
const READY_TIMEOUT_MS = 60_000;
/** Longer than either part gives itself: the proxy to drain, the launcher to stop its workloads one after the other. */
const STOP_TIMEOUT_MS = 130_000;

/**
 * Runs launcher and proxy of one config file in the foreground, each as its own process, and restarts one that dies.
 * With `tee: simulated` this process plays the hardware.
 *
 * The proxy stops first and drains while the workloads still answer.
 */
export async function up(
  options: ServiceOptions,
  context: Pick<CommandContext, 'env'>,
): Promise<void> {
  const config = await readConfig(options.config);
  if (options.check === true) return;
  const logger = createLogger({ name: 'up' });
  const lifecycle = createLifecycle({ logger, signals: ENDING_SIGNALS });
  if (options.withParent === true) endWithParent(lifecycle);
  await lifecycle.run(async () => {
    await ensureDir(config.platform.run_dir, 0o750);
    await ensureDir(config.platform.data_dir, 0o700);
    if (config.platform.tee === 'simulated') {
      const hardware = await startSimulatedHardware(config, logger);
      lifecycle.onShutdown('simulated platform', () => hardware.close());
    }
    const { ca, ca_cert: certFile, ca_key: keyFile } = config.platform;
    // Before the proxy reads them: both parts start at once, and the first start of neither is repeated.
    const { finishCa } = await import('@proofgate/launcher');
    await finishCa({ certFile, keyFile });
    if (ca !== undefined) {
      const { renewal } = await keepEnrolled({
        ...{ platform: config.platform, settings: ca, logger },
        clock: () => new Date(),
        signal: lifecycle.signal,
      });
      lifecycle.onShutdown('renewal of the CA', () => renewal);
    }
    const children = PARTS.map(({ name, socket }) => {
      const child = new ChildProcess({
        ...partProcess(name, options.config, context.env),
        logger,
        ready: (signal) => answers(config, socket, signal),
      });
      lifecycle.onShutdown(name, () => child.stop(), STOP_TIMEOUT_MS);
      return child;
    });
    await Promise.all(children.map((child) => child.start()));
    announce(config, logger);
  });
}

function partProcess(
  name: (typeof PARTS)[number]['name'],
  configFile: string,
  env: CommandContext['env'],
): Omit<ConstructorParameters<typeof ChildProcess>[0], 'logger' | 'ready'> {
  return {
    name,
    command: process.execPath,
    args: [commandFile(), name, '-c', configFile, '--with-parent'],
    env,
    stdout: process.stdout,
    stderr: process.stderr,
    readyTimeoutMs: READY_TIMEOUT_MS,
    graceMs: STOP_TIMEOUT_MS,
  };
}

/** The program that this module is part of. */
function commandFile(): string {
  return fileURLToPath(new URL('../main.js', import.meta.url));
}

async function answers(config: VmConfig, socket: string, signal: AbortSignal): Promise<void> {
  const socketPath = join(config.platform.run_dir, socket);
  await waitFor(
    async () => {
      try {
        await requestUnix({
          socketPath,
          method: 'GET',
          path: '/healthz',
          timeoutMs: 2_000,
          signal,
        });
        return true;
      } catch {
        return false;
      }
    },
    { timeoutMs: READY_TIMEOUT_MS, signal },
  );
}

function announce({ platform, containers, routes }: VmConfig, logger: Logger): void {
  const { host, port } = platform.listen;
  logger.info(
    {
      listen: `${host}:${String(port)}`,
      tee: platform.tee,
      workloads: containers.length,
      routes: routes.length,
    },
    'up',
  );
}
