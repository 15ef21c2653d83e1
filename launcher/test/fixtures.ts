// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { containerConfigSchema, type ContainerConfig, type UserAndGroup } from '@proofgate/api';
import { createLogger, type Logger } from '@proofgate/daemon';
import { onTestFinished } from 'vitest';
import { isAlive, readProcess } from '../src/process/process-table.ts';

/** A directory that every user may enter, so that a workload with a user of its own finds its script; removed after the test. */
export async function temporaryDirectory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'launcher-'));
  await chmod(dir, 0o755);
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Writes a node program and returns its path. */
export async function writeProgram(dir: string, name: string, source: string): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, source, { mode: 0o644 });
  return path;
}

/** A process workload as the config file would give it, every default applied. */
export function processWorkload(
  fields: Readonly<Record<string, unknown>> & { readonly command: readonly string[] },
): ContainerConfig {
  return containerConfigSchema.parse({ name: 'app', runtime: 'process', port: 1, ...fields });
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether a process still executes; zombies do not. */
export async function isRunning(pid: number): Promise<boolean> {
  const entry = await readProcess(pid);
  return entry !== undefined && isAlive(entry);
}

/** What the tests run as. */
export const OWN_USER: UserAndGroup = {
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
};

export const silentLogger: Logger = createLogger({ name: 'test', level: 'silent' });

/** Root may do what the tests of user switching need. */
export const isRoot: boolean = process.getuid?.() === 0;
