// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { Server } from 'node:net';

/** What a target tells whoever started it: its port, or why it has none. */
export type TargetAnswer = { readonly port: number } | { readonly error: string };

/**
 * Reads the settings that `startTarget` passed, starts, says so in one line, and stops when its standard input ends:
 * at the latest when whoever started it is gone.
 */
export async function runTarget<Settings>(
  start: (settings: Settings) => Promise<{ port: number; close(): Promise<void> }>,
): Promise<void> {
  // Only target-process.ts starts these programs, each with its own kind of settings.
  const settings = JSON.parse(process.argv[2] ?? '{}') as Settings;
  try {
    const { port, close } = await start(settings);
    process.stdin.resume().once('end', () => void close().then(() => process.exit(0)));
    answer({ port });
  } catch (error) {
    answer({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    process.exitCode = 1;
  }
}

function answer(value: TargetAnswer): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Listens on any free port of the loopback interface. */
export async function listenOnLoopback(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP server');
  return address.port;
}
