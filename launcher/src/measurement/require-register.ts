// SPDX-License-Identifier: Apache-2.0
import type { MeasurementRegister, Platform } from '@proofgate/attester';
import { LauncherError } from '../errors.ts';

/**
 * The register that proves what was launched.
 *
 * @param platform - the platform
 * @throws LauncherError ERR_LAUNCHER_REGISTER_UNAVAILABLE when it has none
 */
export function requireRegister(platform: Pick<Platform, 'tee' | 'rtmr3'>): MeasurementRegister {
  if (platform.rtmr3 !== undefined) return platform.rtmr3;
  throw new LauncherError(
    'ERR_LAUNCHER_REGISTER_UNAVAILABLE',
    `a ${platform.tee} platform has no register that proves what was launched`,
    {
      expected: 'a TDX platform, which has RTMR3',
      seen: platform.tee,
      hint: 'start the programs in another way and run the proxy alone with routes to them',
    },
  );
}
