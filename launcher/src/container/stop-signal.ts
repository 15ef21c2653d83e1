// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:os';
import { LauncherError } from '../errors.ts';

/** Highest signal of Linux (signal(7)). */
const MAX_SIGNAL = 64;
/** First and last real-time signal that C libraries leave to programs. */
const REAL_TIME_MIN = 34;
const REAL_TIME_MAX = 64;

const NUMBERS: Readonly<Record<string, number | undefined>> = constants.signals;

/**
 * Finds the number of the signal that asks a container to end.
 *
 * @param text - `StopSignal` of an image: `SIGTERM`, `TERM`, `15`, or `SIGRTMIN+3`
 * @returns its number; that of SIGTERM when the image has none
 * @throws LauncherError ERR_LAUNCHER_IMAGE_REFUSED when there is no such signal
 */
export function stopSignalNumber(text: string | undefined): number {
  const name = text ?? 'SIGTERM';
  const number = /^\d{1,2}$/.test(name) ? Number(name) : namedSignal(name.toUpperCase());
  if (number !== undefined && number >= 1 && number <= MAX_SIGNAL) return number;
  throw new LauncherError(
    'ERR_LAUNCHER_IMAGE_REFUSED',
    'an image wants to be stopped with a signal that does not exist',
    { expected: 'a signal such as SIGTERM', seen: name.slice(0, 40) },
  );
}

function namedSignal(name: string): number | undefined {
  const full = name.startsWith('SIG') ? name : `SIG${name}`;
  const [, edge, sign = '+', distance = '0'] =
    /^SIGRT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(full) ?? [];
  if (edge === undefined) return Object.hasOwn(NUMBERS, full) ? NUMBERS[full] : undefined;
  const start = edge === 'MIN' ? REAL_TIME_MIN : REAL_TIME_MAX;
  const number = start + Number(`${sign}${distance}`);
  return number >= REAL_TIME_MIN ? number : undefined;
}
