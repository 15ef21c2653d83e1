// SPDX-License-Identifier: Apache-2.0
import { backoff, type Logger } from '@proofgate/daemon';
import { LauncherError } from '../errors.ts';
import { pause } from '../supervision/pause.ts';

/** An engine that is restarted answers after a tenth of a second; one that is gone for long is not asked often. */
const RETRY = { initialMs: 100, maxMs: 5_000 } as const;

/** What repeating needs. */
export interface RetryContext {
  readonly logger: Logger;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * Does something again and again for as long as the container engine does not answer. What an engine refuses is final.
 *
 * @param action - safe to be repeated
 * @param context - logger, chance
 * @param signal - ends the repeating
 * @returns what the action returns
 * @throws whatever the action throws, other than ERR_LAUNCHER_ENGINE_UNAVAILABLE; that too once the signal is aborted
 */
export async function untilAvailable<T>(
  action: () => Promise<T>,
  { logger, random }: RetryContext,
  signal: AbortSignal = NEVER,
): Promise<T> {
  const waits = backoff({ ...RETRY, random });
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await action();
    } catch (error) {
      if (!isUnavailable(error) || signal.aborted) throw error;
      if (attempt === 0) logger.warn({ err: error }, 'the container engine does not answer');
      await pause(waits.next(), signal);
    }
  }
}

const NEVER: AbortSignal = new AbortController().signal;

function isUnavailable(error: unknown): boolean {
  return error instanceof LauncherError && error.code === 'ERR_LAUNCHER_ENGINE_UNAVAILABLE';
}
