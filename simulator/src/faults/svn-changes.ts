// SPDX-License-Identifier: Apache-2.0
import type {
  CertificateDescription,
  PlatformDescription,
} from '../description/platform-description.ts';

/**
 * Makes a TD run under another TDX module.
 *
 * @param td - the TD
 * @param svn - ISVSVN of the module
 * @param majorVersion - which module identity judges it
 */
export function setModuleSvn(td: PlatformDescription['td'], svn: number, majorVersion = 1): void {
  td.teeTcbSvn = Uint8Array.of(svn, majorVersion, ...td.teeTcbSvn.subarray(2));
}

/**
 * Makes a PCK certificate state another SGX TCB.
 *
 * @param pckCertificate - the certificate
 * @param svns - the 16 component SVNs
 * @param pceSvn - PCESVN, unchanged if absent
 */
export function setPckSvns(
  pckCertificate: CertificateDescription,
  svns: readonly number[],
  pceSvn?: number,
): void {
  const { pck } = pckCertificate;
  if (pck === undefined) return;
  pck.tcb = {
    components: [...svns],
    pceSvn: pceSvn ?? pck.tcb.pceSvn,
    cpuSvn: Uint8Array.from(svns),
  };
}
