// SPDX-License-Identifier: Apache-2.0
import type { PckExtension } from '@proofgate/evidence';
import { demandBytes } from '../errors.ts';
import type { TcbInfo } from './tcb-info.ts';

/**
 * Demands that TCB info is about the kind of platform that the PCK certificate names.
 *
 * @throws VerifierError `ERR_DCAP_COLLATERAL_MISMATCH`
 */
export function checkPlatform(platform: PckExtension, tcbInfo: TcbInfo): void {
  const code = 'ERR_DCAP_COLLATERAL_MISMATCH';
  const hint = 'fetch collateral for the FMSPC of this platform';
  // Intel DCAP library, step 4.1.2.5.11.
  demandBytes(code, 'TCB info of an FMSPC', platform.fmspc, tcbInfo.fmspc, hint);
  demandBytes(code, 'TCB info of a PCEID', platform.pceId, tcbInfo.pceId, hint);
}
