// SPDX-License-Identifier: Apache-2.0
import { isDebugTd, type PckExtension, type Quote, toHex } from '@proofgate/evidence';
import type { QuoteClaims } from '../claims.ts';
import type { Register } from '../policy/register.ts';
import type { DcapTcb } from './evaluate-tcb.ts';
import type { PreparedCollateral } from './prepared-collateral.ts';

/** ATTRIBUTES.DEBUG of an SGX enclave (Intel SDM volume 3D, table 38-3). */
const SGX_DEBUG = 0x02;

/** Collects what a quote says, once every check has passed. */
export function claimsOf(
  quote: Quote,
  platform: PckExtension,
  tcb: DcapTcb,
  collateral: PreparedCollateral,
): QuoteClaims {
  const common = {
    trustAnchor: collateral.trustAnchor,
    measurements: measurementsOf(quote),
    reportData: quote.body.reportData,
    tcb,
    platform,
    collateralValidUntil: collateral.validUntil,
  };
  if (quote.kind === 'tdx') {
    return { tee: 'tdx', quote, debug: isDebugTd(quote.body), ...common };
  }
  const debug = ((quote.body.attributes[0] ?? SGX_DEBUG) & SGX_DEBUG) !== 0;
  return { tee: 'sgx', quote, debug, ...common };
}

function measurementsOf(quote: Quote): ReadonlyMap<Register, string> {
  if (quote.kind === 'sgx') {
    return new Map([
      ['mrenclave', toHex(quote.body.mrEnclave)],
      ['mrsigner', toHex(quote.body.mrSigner)],
    ]);
  }
  const [rtmr0, rtmr1, rtmr2, rtmr3] = quote.body.rtmr;
  return new Map([
    ['mrtd', toHex(quote.body.mrTd)],
    ['rtmr0', toHex(rtmr0)],
    ['rtmr1', toHex(rtmr1)],
    ['rtmr2', toHex(rtmr2)],
    ['rtmr3', toHex(rtmr3)],
  ]);
}
