// SPDX-License-Identifier: Apache-2.0
/* Launchers in processes of their own, for tests that kill them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';
import type { VmStage } from './stage.ts';

/** The test launcher as one file, made from the sources as they are, by the first who needs it. */
let bundle: Promise<string> | undefined;

async function bundled(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('launcher-process.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    conditions: ['@proofgate/source'],
    write: false,
    // Has parts that are no JavaScript, and is loaded only to speak with podman.
    external: ['dockerode'],
    logLevel: 'silent',
  });
  return outputFiles[0]!.text;
}

/** Starts a launcher in a process of its own; it is ended after the test. */
export async function launch(stage: VmStage, containers: readonly object[]): Promise<ChildProcess> {
  const program = join(stage.dir, 'launcher.cjs');
  const configFile = join(stage.dir, 'config.yaml');
  bundle ??= bundled();
  await writeFile(program, await bundle);
  // JSON is YAML.
  await writeFile(configFile, JSON.stringify(stage.config(containers)));
  const child = spawn(process.execPath, [program, configFile], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  onTestFinished(async () => {
    await end(child, 'SIGTERM');
  });
  return child;
}

/** Ends one. @returns its exit code */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  child.kill(signal);
  await once(child, 'exit');
  return child.exitCode;
}
