// SPDX-License-Identifier: Apache-2.0
import { refuse } from '../errors.ts';
import type { PlatformStatus } from './tcb-status.ts';

/** Number of SVN components that SGX and TDX have each. */
export const COMPONENT_COUNT = 16;

/** One TCB level of TCB info. */
export interface TcbLevel {
  /** The 16 SGX TCB component SVNs. */
  readonly sgx: readonly number[];
  readonly pceSvn: number;
  /** The 16 TDX TCB component SVNs; absent for SGX platforms. */
  readonly tdx: readonly number[] | undefined;
  readonly status: PlatformStatus;
  /** Everything that Intel published up to this date is fixed at this level. */
  readonly date: Date;
  readonly advisories: readonly string[];
}

/** The SVNs that a platform proves to have. */
export interface PlatformSvns {
  /** From the PCK certificate, never from the quote's CPUSVN. */
  readonly sgx: readonly number[];
  readonly pceSvn: number;
  /** TEE_TCB_SVN of the TD report; absent for SGX quotes. */
  readonly tdx: readonly number[] | undefined;
}

/** What levels are ordered by: SGX components, then PCESVN, then TDX components. */
export function levelNumbers({ sgx, pceSvn, tdx }: TcbLevel): readonly number[] {
  return [...sgx, pceSvn, ...(tdx ?? [])];
}

/**
 * The highest level that a platform reaches. `levels` must be in descending order.
 *
 * @throws VerifierError `ERR_DCAP_TCB_NOT_SUPPORTED` when the platform is below every level
 */
export function matchLevel(levels: readonly TcbLevel[], platform: PlatformSvns): TcbLevel {
  // Intel SGX DCAP library, steps 4.1.2.5.18 and 4.1.2.5.19.
  return (
    levels.find((level) => reaches(platform, level)) ??
    refuse(
      'ERR_DCAP_TCB_NOT_SUPPORTED',
      'the platform',
      'SVNs of a level of TCB info or above',
      describeSvns(platform),
      'update the firmware, or fetch collateral for this platform',
    )
  );
}

function reaches(platform: PlatformSvns, level: TcbLevel): boolean {
  if (!atLeast(platform.sgx, level.sgx, 0)) return false;
  if (platform.pceSvn < level.pceSvn) return false;
  if (platform.tdx === undefined) return true;
  // A TDX quote is never judged by a level that says nothing about TDX.
  if (level.tdx === undefined) return false;
  // Byte 1 is the TDX module's major version. From 1 on, bytes 0 and 1 are judged by the module's own identity.
  const first = (platform.tdx[1] ?? 0) > 0 ? 2 : 0;
  return atLeast(platform.tdx, level.tdx, first);
}

function atLeast(svns: readonly number[], minimum: readonly number[], first: number): boolean {
  return (
    svns.length === COMPONENT_COUNT &&
    svns.every((svn, index) => index < first || svn >= (minimum[index] ?? Infinity))
  );
}

function describeSvns(platform: PlatformSvns): string {
  const sgx = `SGX ${platform.sgx.join('.')}, PCE ${platform.pceSvn}`;
  return platform.tdx === undefined ? sgx : `${sgx}, TDX ${platform.tdx.join('.')}`;
}
