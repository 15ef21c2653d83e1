// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits; returns early, without an error, when the signal aborts.
 *
 * @param ms - how long, in milliseconds
 * @param signal - ends the pause
 */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
