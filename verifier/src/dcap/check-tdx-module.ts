// SPDX-License-Identifier: Apache-2.0
import { type TdReport, toHex } from '@proofgate/evidence';
import { demandBytes, refuse } from '../errors.ts';
import type { TcbInfo, TdxModule, TdxModuleIdentity } from './tcb-info.ts';
import { listText } from '../list-text.ts';
import { maskedBytes } from './masked-bytes.ts';

/**
 * Finds the identity that TCB info has for a TDX module version.
 *
 * @param teeTcbSvn TEE_TCB_SVN of the TD report; byte 1 is the module's major version
 * @returns undefined for modules without a version of their own (major version 0)
 * @throws VerifierError `ERR_DCAP_TDX_MODULE` when Intel names no such module
 */
export function findModuleIdentity(
  tcbInfo: TcbInfo,
  teeTcbSvn: Uint8Array,
): TdxModuleIdentity | undefined {
  const major = teeTcbSvn[1] ?? 0;
  if (major === 0) return undefined;
  const id = `TDX_${toHex(Uint8Array.of(major)).toUpperCase()}`;
  const identities = tcbInfo.tdx?.identities ?? [];
  const found = identities.find((identity) => identity.id === id);
  if (found !== undefined) return found;
  const known = listText(
    identities.map((identity) => identity.id),
    'major version 0',
    ' or ',
  );
  return refuse('ERR_DCAP_TDX_MODULE', 'the major version of the TDX module', known, id);
}

/**
 * Demands that the TDX module is signed by whom Intel names and has the attributes that Intel names.
 *
 * @throws VerifierError `ERR_DCAP_TDX_MODULE`
 */
export function checkTdxModule(report: TdReport, tcbInfo: TcbInfo): void {
  // Intel DCAP library, step 4.1.2.5.12.
  const module: TdxModule =
    findModuleIdentity(tcbInfo, report.teeTcbSvn) ??
    tcbInfo.tdx?.module ??
    refuse('ERR_DCAP_TDX_MODULE', 'TCB info', 'a TDX module');
  const demand = (what: string, expected: Uint8Array, seen: Uint8Array): void => {
    demandBytes('ERR_DCAP_TDX_MODULE', what, expected, seen);
  };
  demand('MRSIGNERSEAM', module.mrSigner, report.mrSignerSeam);
  const { seamAttributes } = report;
  // No attribute of a SEAM module has a meaning yet, so any bit is an unknown one.
  demand('SEAMATTRIBUTES', new Uint8Array(seamAttributes.length), seamAttributes);
  demand('SEAMATTRIBUTES', module.attributes, maskedBytes(seamAttributes, module.attributesMask));
}
