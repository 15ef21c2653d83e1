// SPDX-License-Identifier: Apache-2.0
import { equalBytes, type PckExtension, toHex } from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import type { TcbInfo } from './tcb-info.ts';

/**
 * Demands that TCB info is about the kind of platform that the PCK certificate names.
 *
 * @throws VerifierError `ERR_DCAP_COLLATERAL_MISMATCH`
 */
export function checkPlatform(platform: PckExtension, tcbInfo: TcbInfo): void {
  // Intel DCAP library, step 4.1.2.5.11.
  for (const [name, wanted, found] of [
    ['FMSPC', platform.fmspc, tcbInfo.fmspc],
    ['PCEID', platform.pceId, tcbInfo.pceId],
  ] as const) {
    if (!equalBytes(wanted, found)) {
      throw new VerifierError('ERR_DCAP_COLLATERAL_MISMATCH', `TCB info has another ${name}`, {
        expected: toHex(wanted),
        seen: toHex(found),
        hint: 'fetch collateral for the FMSPC of this platform',
      });
    }
  }
}
