// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createLogger } from '@proofgate/daemon';
import { toHex } from '@proofgate/evidence';
import { createSimulatedPlatform, servePlatform } from '@proofgate/simulator';
import { afterEach } from 'vitest';
import type { TestDirectory } from './directory.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const platform = createSimulatedPlatform();
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** The directory in which a machine finds its simulated platform, which ends with the test. */
export async function runDirectory(directory: TestDirectory): Promise<string> {
  const socketPath = directory.file('simulator.sock');
  const logger = createLogger({ name: 'test', level: 'silent' });
  const service = await servePlatform({ platform, socketPath, logger });
  closers.push(() => service.close());
  return join(socketPath, '..');
}

/** A `proofgate ca serve` that runs. */
export interface RunningCa {
  readonly port: number;
  /** @returns its exit code */
  stop(): Promise<number | null>;
}

/** Starts `proofgate ca serve`, as an operator would; it ends with the test. */
export async function startCa(config: string): Promise<RunningCa> {
  const child = spawn(process.execPath, [MAIN, 'ca', 'serve', '-c', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exit = once(child, 'exit');
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    await exit;
    return child.exitCode;
  };
  closers.push(stop);
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      const entry = JSON.parse(line) as { msg: string; port: number };
      if (entry.msg === 'serving') resolve(entry.port);
    });
    child.once('exit', () => {
      reject(new Error('the service ended'));
    });
  });
  return { port, stop };
}

const HOSTS = ['prod1.example.com', 'prod3.example.com'];

/** Writes the file of a service whose policy accepts the machine of {@link runDirectory}. */
export function writeCaConfig(directory: TestDirectory, pki: string, changes: object = {}): string {
  const { mrtd } = platform.measurements();
  const policy = {
    version: 1,
    name: 'machines',
    tee: 'tdx',
    roots: [`sha256:${platform.rootSha256}`],
    measurements: { image: { mrtd: toHex(mrtd) } },
  };
  writeFileSync(directory.file('machines.json'), JSON.stringify(policy));
  const config = {
    version: '1',
    listen: '127.0.0.1:0',
    host: 'localhost',
    directory: pki,
    rules: [{ name: 'machines', policy: 'machines.json', hosts: HOSTS }],
    ...changes,
  };
  const file = directory.file('serve.yaml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  return file;
}
