// SPDX-License-Identifier: Apache-2.0
import type { SnpReport } from '@proofgate/evidence';

/** SVNs of SNP firmware. */
export interface SnpTcbVersion {
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
export function snpTcb(report: SnpReport): SnpTcb {
  return {
    reported: readTcb(report.reportedTcb),
    committed: readTcb(report.committedTcb),
    current: readTcb(report.currentTcb),
    launch: readTcb(report.launchTcb),
  };
}

// TCB_VERSION of Milan and Genoa (AMD specification 56860, table 3). Turin orders the bytes differently.
function readTcb(bytes: Uint8Array): SnpTcbVersion {
  const [bootLoader = 0, tee = 0] = bytes;
  return { bootLoader, tee, snp: bytes[6] ?? 0, microcode: bytes[7] ?? 0 };
}

/** Writes a TCB version for people. */
export function describeSnpTcb(tcb: SnpTcbVersion): string {
  return `boot loader ${tcb.bootLoader}, TEE ${tcb.tee}, SNP ${tcb.snp}, microcode ${tcb.microcode}`;
}
