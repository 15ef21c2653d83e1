// SPDX-License-Identifier: Apache-2.0
import { type Collateral, toHex } from '@proofgate/evidence';
import { parseQeIdentity } from '../dcap/qe-identity.ts';
import { parseTcbInfo } from '../dcap/tcb-info.ts';

/** What a bundle says it is for. Nothing of it is verified: use it to choose a bundle, not to trust one. */
export interface CollateralDescription {
  readonly tee: 'tdx' | 'sgx';
  /** 12 lower-case hex digits. */
  readonly fmspc: string;
  readonly evaluationNumber: number;
  /** The later issue date of TCB info and QE identity. */
  readonly issueDate: Date;
  /** The earlier next update of the two. */
  readonly nextUpdate: Date;
}

/**
 * Reads what a bundle says it is for.
 *
 * @throws VerifierError `ERR_DCAP_COLLATERAL_INVALID`
 */
export function describeCollateral(collateral: Collateral): CollateralDescription {
  const tcbInfo = parseTcbInfo(collateral.tcb_info);
  const qeIdentity = parseQeIdentity(collateral.qe_identity);
  const both = [tcbInfo, qeIdentity];
  return {
    tee: tcbInfo.tee,
    fmspc: toHex(tcbInfo.fmspc),
    evaluationNumber: tcbInfo.tcbEvaluationDataNumber,
    issueDate: new Date(Math.max(...both.map(({ issueDate }) => issueDate.getTime()))),
    nextUpdate: new Date(Math.min(...both.map(({ nextUpdate }) => nextUpdate.getTime()))),
  };
}
