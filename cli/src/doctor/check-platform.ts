// SPDX-License-Identifier: Apache-2.0
import { AttesterError, openPlatform, type OpenPlatformOptions } from '@proofgate/attester';
import { toHex } from '@proofgate/evidence';

import { findingOf, healthy, skipped, type DoctorCheck } from './check.ts';

/** What to look for. */
export interface PlatformExpectation {
  readonly options: OpenPlatformOptions;
  /** Whether this host is meant to attest; a client need not be a confidential VM. */
  readonly required: boolean;
}

const TEE = 'tee';
const RTMR3 = 'rtmr3';

/** Looks for the kernel's interfaces for quotes and for RTMR3. */
export async function checkPlatform({
  options,
  required,
}: PlatformExpectation): Promise<DoctorCheck[]> {
  if (options.tee === 'simulated') {
    return [skipped(TEE, 'the config asks for a SIMULATED platform, which proves nothing')];
  }
  try {
    const platform = await openPlatform(options);
    return [healthy(TEE, `configfs-tsm offers ${platform.tee}`), await checkRegister(platform)];
  } catch (error) {
    if (!(error instanceof AttesterError)) throw error;
    if (!required && error.code === 'ERR_ATTESTER_NO_TEE') {
      return [
        skipped(
          TEE,
          'no configfs-tsm here: this host can verify, but not attest; -c looks at it as a VM',
        ),
      ];
    }
    const action = 'run on a TDX or SEV-SNP VM with Linux 6.7 or later and configfs mounted';
    return [findingOf(TEE, error, action)];
  }
}

async function checkRegister({
  rtmr3,
}: Pick<Awaited<ReturnType<typeof openPlatform>>, 'rtmr3'>): Promise<DoctorCheck> {
  if (rtmr3 === undefined) return skipped(RTMR3, 'SEV-SNP has no registers for run-time events');
  try {
    return healthy(RTMR3, toHex(await rtmr3.read()));
  } catch (error) {
    if (!(error instanceof AttesterError)) throw error;
    return findingOf(RTMR3, error, 'run on Linux 6.16 or later, which offers the register');
  }
}
