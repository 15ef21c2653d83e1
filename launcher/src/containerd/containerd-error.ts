// SPDX-License-Identifier: Apache-2.0
import { status } from '@grpc/grpc-js';
import { LauncherError } from '../errors.ts';

/**
 * Statuses with which a call fails for reasons that pass: nobody listens, the answer is late, the connection broke, or
 * too much is going on. A daemon that is killed in the middle of a call shows as any of them.
 */
const PASSING: ReadonlySet<number> = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.ABORTED,
  status.INTERNAL,
  status.UNAVAILABLE,
]);

/** What containerd says when a shim ends while it is asked (`ErrClosed` of its protocol ttrpc). */
const CLOSED = 'ttrpc: closed';

/** Longest part of an engine's own words in a message: runtimes repeat whole logs. */
const MAX_DETAILS = 500;

/**
 * Translates the failure of a call.
 *
 * @param path - of the method, `/<service>/<method>`
 * @param cause - what the call failed with
 * @returns ERR_LAUNCHER_ENGINE_UNAVAILABLE when it is worth a retry, else ERR_LAUNCHER_ENGINE_REFUSED
 */
export function containerdError(path: string, cause: unknown): LauncherError {
  const operation = path.split('.').at(-1) ?? path;
  const code = numberIn(cause, 'code') ?? status.UNKNOWN;
  const details = textIn(cause, 'details').slice(0, MAX_DETAILS);
  return PASSING.has(code)
    ? new LauncherError(
        'ERR_LAUNCHER_ENGINE_UNAVAILABLE',
        `containerd did not complete ${operation}: ${details}`,
        { cause },
      )
    : new LauncherError(
        'ERR_LAUNCHER_ENGINE_REFUSED',
        `containerd refused ${operation}: ${details}`,
        { cause },
      );
}

/**
 * Reads the gRPC status out of an error made by {@link containerdError}.
 *
 * @param error - anything that was thrown
 * @returns `undefined` when no call failed with it
 */
export function grpcStatus(error: unknown): status | undefined {
  return error instanceof LauncherError ? numberIn(error.cause, 'code') : undefined;
}

/** For `catch`: goes on when what was to be changed is not there. */
export function ignoreMissing(error: unknown): void {
  if (grpcStatus(error) !== status.NOT_FOUND) throw error;
}

/** For `catch`: goes on when what was to be ended has just ended, and its shim with it. */
export function ignoreEnded(error: unknown): void {
  const shimGone =
    error instanceof LauncherError && textIn(error.cause, 'details').includes(CLOSED);
  if (!shimGone) ignoreMissing(error);
}

/** For `catch`: nothing there is an answer. */
export function undefinedIfMissing(error: unknown): undefined {
  ignoreMissing(error);
}

/** Whether containerd answered, and the answer was no. */
export function isRefusal(error: unknown): boolean {
  return error instanceof LauncherError && error.code === 'ERR_LAUNCHER_ENGINE_REFUSED';
}

/** Whether containerd did not answer, which may pass. */
export function isOutage(error: unknown): boolean {
  return error instanceof LauncherError && error.code === 'ERR_LAUNCHER_ENGINE_UNAVAILABLE';
}

function numberIn(value: unknown, field: string): number | undefined {
  const found = fieldOf(value, field);
  return typeof found === 'number' ? found : undefined;
}

function textIn(value: unknown, field: string): string {
  const found = fieldOf(value, field);
  return typeof found === 'string' && found !== '' ? found : messageOf(value);
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, field)?.value
    : undefined;
}

function messageOf(value: unknown): string {
  return value instanceof Error ? value.message : String(value);
}
