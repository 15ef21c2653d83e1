// SPDX-License-Identifier: Apache-2.0
import type { PckExtension, ReportData, SgxQuote, SnpReport, TdxQuote } from '@proofgate/evidence';
import type { DcapTcb } from './dcap/evaluate-tcb.ts';
import type { Register } from './policy/register.ts';
import type { TrustAnchor } from './roots/trust-anchor.ts';
import type { SnpTcb } from './snp/snp-tcb.ts';

/** Kinds of trusted execution environment. */
export type Tee = 'tdx' | 'sgx' | 'sev-snp';

/**
 * What ties evidence to the connection it came over: nothing, the key and time of a certificate, or the TLS session
 * itself.
 */
export type BindingKind = 'none' | 'certificate' | 'session';

interface CommonClaims {
  readonly trustAnchor: TrustAnchor;
  /** Lower-case hex. */
  readonly measurements: ReadonlyMap<Register, string>;
  readonly reportData: ReportData;
  /** Whether whoever runs the machine can read and change the TEE's memory. */
  readonly debug: boolean;
}

interface DcapClaims extends CommonClaims {
  readonly tcb: DcapTcb;
  /** The machine, from its PCK certificate. */
  readonly platform: PckExtension;
  /** The earliest moment at which some part of the collateral runs out. */
  readonly collateralValidUntil: Date;
}

/** What a verified TDX quote says. */
export interface TdxClaims extends DcapClaims {
  readonly tee: 'tdx';
  readonly quote: TdxQuote;
}

/** What a verified SGX quote says. */
export interface SgxClaims extends DcapClaims {
  readonly tee: 'sgx';
  readonly quote: SgxQuote;
}

/** What a verified SEV-SNP report says. */
export interface SnpClaims extends CommonClaims {
  readonly tee: 'sev-snp';
  readonly report: SnpReport;
  readonly tcb: SnpTcb;
  readonly platform: {
    /** As AMD writes it in its certificates, such as `Milan`. */
    readonly product: string;
    /** 64 bytes, or 8 from Turin on. Absent when the report was signed by a VLEK, which belongs to a cloud. */
    readonly chipId: Uint8Array | undefined;
    /** Whose VLEK signed the report, as AMD names it; absent when a chip's own key did. */
    readonly cloud: string | undefined;
  };
}

/** What verified DCAP evidence says. */
export type QuoteClaims = TdxClaims | SgxClaims;

/** What verified evidence says. */
export type EvidenceClaims = QuoteClaims | SnpClaims;
