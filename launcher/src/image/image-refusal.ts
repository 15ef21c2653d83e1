// SPDX-License-Identifier: Apache-2.0
import type { ErrorDetails } from '@proofgate/evidence';
import { LauncherError } from '../errors.ts';

/** An image or a part of it is not what something trusted says it is. */
export function mismatch(what: string, details: ErrorDetails): LauncherError {
  return new LauncherError('ERR_LAUNCHER_IMAGE_MISMATCH', what, details);
}

/** An image is what its pin says, but of a form that is not accepted. */
export function refused(what: string, details: ErrorDetails): LauncherError {
  return new LauncherError('ERR_LAUNCHER_IMAGE_REFUSED', what, details);
}

/** An image has more of something than is accepted. */
export function tooLarge(what: string, limit: number, seen: number): LauncherError {
  return new LauncherError('ERR_LAUNCHER_IMAGE_TOO_LARGE', what, {
    expected: `at most ${String(limit)}`,
    seen: String(seen),
  });
}
