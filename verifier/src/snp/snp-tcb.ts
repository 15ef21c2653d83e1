// SPDX-License-Identifier: Apache-2.0
import type { SnpReport } from '@proofgate/evidence';
import type { SnpProduct, TcbComponent } from './product.ts';

/** SVNs of SNP firmware. */
export interface SnpTcbVersion {
  /** The chip's root of trust for firmware; from Turin on. */
  readonly fmc?: number;
  readonly bootLoader: number;
  readonly tee: number;
  readonly snp: number;
  readonly microcode: number;
}

/** The TCB versions of a report. AMD gives them no status: a policy has to name a minimum. */
export interface SnpTcb {
  /** What the signing key was derived from, and what its certificate names. */
  readonly reported: SnpTcbVersion;
  /** The lowest to which the platform can be rolled back. */
  readonly committed: SnpTcbVersion;
  readonly current: SnpTcbVersion;
  readonly launch: SnpTcbVersion;
}

/** Takes the TCB versions of a report apart. */
export function snpTcb(report: SnpReport, product: SnpProduct): SnpTcb {
  return {
    reported: readTcb(report.reportedTcb, product),
    committed: readTcb(report.committedTcb, product),
    current: readTcb(report.currentTcb, product),
    launch: readTcb(report.launchTcb, product),
  };
}

/** Takes a TCB version of 8 bytes apart. */
export function readTcb(bytes: Uint8Array, { tcbLayout }: SnpProduct): SnpTcbVersion {
  // A component that the layout does not have is at no index, and so zero.
  const svn = (name: TcbComponent): number => bytes[tcbLayout.indexOf(name)] ?? 0;
  return {
    ...(tcbLayout.includes('fmc') ? { fmc: svn('fmc') } : {}),
    bootLoader: svn('bootLoader'),
    tee: svn('tee'),
    snp: svn('snp'),
    microcode: svn('microcode'),
  };
}

/** Writes a TCB version for people. */
export function describeSnpTcb({ fmc, bootLoader, tee, snp, microcode }: SnpTcbVersion): string {
  const rest = `boot loader ${bootLoader}, TEE ${tee}, SNP ${snp}, microcode ${microcode}`;
  return fmc === undefined ? rest : `FMC ${fmc}, ${rest}`;
}
