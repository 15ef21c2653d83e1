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

/**
 * Removes something that must not stay. Beside an engine that does not answer, a container that is just ending can make
 * a removal fail; the next one then finds less to be done.
 *
 * @param remove - safe to be repeated
 * @param context - logger, chance
 * @throws what the last attempt throws
 */
export async function removeForGood(
  remove: () => Promise<void>,
  context: RetryContext,
): Promise<void> {
  const waits = backoff({ ...RETRY, random: context.random });
  for (let attempt = 1; ; attempt += 1) {
    try {
      await untilAvailable(remove, context);
      return;
    } catch (error) {
      if (attempt === REMOVE_ATTEMPTS) throw error;
      context.logger.warn({ err: error }, 'a container could not be removed yet');
      await pause(waits.next(), NEVER);
    }
  }
}

/** A container that is still there after some seconds is not one that is just ending. */
const REMOVE_ATTEMPTS = 5;

const NEVER: AbortSignal = new AbortController().signal;

function isUnavailable(error: unknown): boolean {
  return error instanceof LauncherError && error.code === 'ERR_LAUNCHER_ENGINE_UNAVAILABLE';
}
