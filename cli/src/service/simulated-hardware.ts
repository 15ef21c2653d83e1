// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { VmConfig } from '@proofgate/api';
import { SIMULATOR_SOCKET } from '@proofgate/attester';
import { ensureDir, writeFileAtomic, type Logger } from '@proofgate/daemon';
import { encodePem } from '@proofgate/evidence';
import {
  createSimulatedPlatform,
  loadSimulatedPlatform,
  saveSimulatedPlatform,
  serveCollateral,
  servePlatform,
  type SimulatedPlatform,
  type SimulatedPlatformOptions,
} from '@proofgate/simulator';

/** Below `run_dir`: where a verifier on this machine finds the collateral service and the root's fingerprint. */
export const SIMULATOR_FILE = 'simulator.json';
/** Below `run_dir`: the root of the simulated platform. */
export const SIMULATOR_ROOT_FILE = 'simulator-root.pem';
/** Below `data_dir`: the keys, so that a policy which names the root stays right over restarts. */
const STATE_DIRECTORY = 'simulator';

/** What {@link SIMULATOR_FILE} holds. */
export interface SimulatorAddress {
  /** Base URL of the PCS-compatible collateral service. */
  readonly collateral: string;
  /** How a policy names the root: SHA-256 of its certificate, hex. */
  readonly rootSha256: string;
}

/** A running simulated platform. */
export interface SimulatedHardware extends SimulatorAddress {
  close(): Promise<void>;
}

/**
 * Starts what stands where the hardware would be: quotes and registers on `<run_dir>/simulator.sock`, collateral over
 * HTTP on loopback. The registers begin at zero, as after a boot.
 */
export async function startSimulatedHardware(
  { platform: config }: VmConfig,
  logger: Logger,
): Promise<SimulatedHardware> {
  const platform = await openPlatform(join(config.data_dir, STATE_DIRECTORY), {
    latencyMs: config.simulator.latency,
    quoteVersion: config.simulator.quote_version,
  });
  const socketPath = join(config.run_dir, SIMULATOR_SOCKET);
  const guest = await servePlatform({ platform, socketPath, logger });
  const collateral = await serveCollateral({ platform, port: config.simulator.port, logger });
  const address = { collateral: collateral.url, rootSha256: platform.rootSha256 };
  const write = (name: string, text: string): Promise<void> =>
    writeFileAtomic(join(config.run_dir, name), text, { mode: 0o644 });
  await write(SIMULATOR_ROOT_FILE, encodePem('CERTIFICATE', platform.rootCertificate));
  await write(SIMULATOR_FILE, `${JSON.stringify(address, null, 2)}\n`);
  logger.warn({ ...address, socketPath }, 'SIMULATED platform: its evidence proves nothing');
  return {
    ...address,
    async close(): Promise<void> {
      await collateral.close();
      await guest.close();
    },
  };
}

async function openPlatform(
  directory: string,
  options: SimulatedPlatformOptions,
): Promise<SimulatedPlatform> {
  await ensureDir(directory, 0o700);
  const saved = await loadSimulatedPlatform(directory, options);
  if (saved !== undefined) return saved;
  const platform = createSimulatedPlatform(options);
  await saveSimulatedPlatform(platform, directory);
  return platform;
}
