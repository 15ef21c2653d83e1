// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from 'node:timers/promises';
import { processUsage } from '../processes/process-usage.ts';
import { startTarget } from '../processes/target-process.ts';
import { HOSTS, type Contender } from './contenders/contender.ts';

/** After a burst of handshakes garbage is collected, buffers are given back. */
const SETTLE_MS = 750;

/** How to hold connections. */
export interface IdleOptions {
  /** Path of the built `load/idle-main.js`. */
  readonly program: string;
  readonly connections: number;
  readonly cpu: number | undefined;
}

/**
 * Opens TLS connections, makes a request on each and looks how much memory the contender takes for them.
 *
 * @returns KB for each connection
 */
export async function measureIdle(
  { name, pid, port }: Contender,
  { program, connections, cpu }: IdleOptions,
): Promise<number> {
  await pause(SETTLE_MS);
  const before = processUsage(pid)?.rssBytes ?? NaN;
  const settings = { port, servername: HOSTS.web, connections };
  const holder = await startTarget({ name: `connections to ${name}`, program, settings, cpu });
  try {
    await pause(SETTLE_MS);
    const after = processUsage(pid)?.rssBytes ?? NaN;
    return (after - before) / connections / 1024;
  } finally {
    await holder.stop();
  }
}
