// SPDX-License-Identifier: Apache-2.0
import { status } from '@grpc/grpc-js';
import { backoff } from '@proofgate/daemon';
import { pause } from '../supervision/pause.ts';
import type { ContainerdClient } from './containerd-client.ts';
import { grpcStatus, isRefusal } from './containerd-error.ts';
import type { ProcessExit, ProcessRequest } from './messages.ts';
import { TASKS } from './methods.ts';

/** First wait before asking again; the question itself waits for the connection. */
const RETRY_INITIAL_MS = 20;
const RETRY_MAX_MS = 1_000;

/** Refusals in a row after which it is no restart of containerd any more. */
export const MAX_REFUSALS = 5;

/**
 * Waits until a task, or a program that was run in one, has ended. When the connection breaks meanwhile, the question is
 * asked again: containerd answers at once for a process that ended while nobody listened.
 *
 * @returns `undefined` when there is no such process any more, so that nobody knows how it ended
 * @throws LauncherError when containerd refuses again and again, or the connection has been closed; the signal's reason
 *   when it is aborted
 */
export async function taskExit(
  client: ContainerdClient,
  process: ProcessRequest,
  signal: AbortSignal,
): Promise<ProcessExit | undefined> {
  const waits = backoff({ initialMs: RETRY_INITIAL_MS, maxMs: RETRY_MAX_MS });
  for (let refusals = 0; ;) {
    try {
      return await client.call(TASKS.wait, process, { signal, timeoutMs: undefined });
    } catch (error) {
      signal.throwIfAborted();
      if (grpcStatus(error) === status.NOT_FOUND) return undefined;
      refusals = isRefusal(error) ? refusals + 1 : 0;
      if (client.closed || refusals === MAX_REFUSALS) throw error;
    }
    await pause(waits.next(), signal);
  }
}
