// SPDX-License-Identifier: Apache-2.0
import type { ErrorDetails } from '@proofgate/evidence';
import { LauncherError } from '../../errors.ts';

/** Another try may go better. */
export class RegistryUnavailable extends LauncherError {
  /** What the registry asked to wait, if it did. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: ErrorDetails, retryAfterMs?: number) {
    super('ERR_LAUNCHER_REGISTRY_UNAVAILABLE', message, details);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The registry breaks the protocol, or leads somewhere where the launcher does not go. */
export function registryRefused(message: string, details: ErrorDetails): LauncherError {
  return new LauncherError('ERR_LAUNCHER_REGISTRY_REFUSED', message, details);
}

/** The registry does not let the launcher in. */
export function unauthorized(host: string, seen: string, hint: string): LauncherError {
  return new LauncherError('ERR_LAUNCHER_REGISTRY_UNAUTHORIZED', `${host} does not let us pull`, {
    expected: 'credentials that it accepts',
    seen,
    hint,
  });
}
