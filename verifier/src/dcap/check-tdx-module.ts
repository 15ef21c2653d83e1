// SPDX-License-Identifier: Apache-2.0
import { equalBytes, isAllZero, type TdReport, toHex } from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import type { TcbInfo, TdxModule, TdxModuleIdentity } from './tcb-info.ts';
import { listText } from '../list-text.ts';

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
  throw new VerifierError('ERR_DCAP_TDX_MODULE', 'the TDX module’s major version is unknown', {
    expected: listText(
      identities.map((identity) => identity.id),
      'major version 0',
      ' or ',
    ),
    seen: id,
  });
}

/**
 * Demands that the TDX module is signed by whom Intel names and has the attributes that Intel names.
 *
 * @throws VerifierError `ERR_DCAP_TDX_MODULE`
 */
export function checkTdxModule(report: TdReport, tcbInfo: TcbInfo): void {
  // Intel DCAP library, step 4.1.2.5.12.
  const module: TdxModule | undefined =
    findModuleIdentity(tcbInfo, report.teeTcbSvn) ?? tcbInfo.tdx?.module;
  if (module === undefined) {
    throw new VerifierError('ERR_DCAP_TDX_MODULE', 'TCB info says nothing about TDX modules');
  }
  if (!equalBytes(report.mrSignerSeam, module.mrSigner)) {
    refuse('MRSIGNERSEAM', module.mrSigner, report.mrSignerSeam);
  }
  // No attribute of a SEAM module has a meaning yet, so any bit is an unknown one.
  const zero = isAllZero(report.seamAttributes);
  const masked = report.seamAttributes.map(
    (byte, index) => byte & (module.attributesMask[index] ?? 0xff),
  );
  if (!zero || !equalBytes(masked, module.attributes)) {
    refuse('SEAMATTRIBUTES', module.attributes, report.seamAttributes);
  }
}

function refuse(name: string, expected: Uint8Array, seen: Uint8Array): never {
  throw new VerifierError('ERR_DCAP_TDX_MODULE', `${name} is not what Intel names`, {
    expected: toHex(expected),
    seen: toHex(seen),
  });
}
