// SPDX-License-Identifier: Apache-2.0
import {
  describeOid,
  type ExtensionValue,
  fromUtf8,
  type LoadedWorkload,
  toHex,
} from '@proofgate/evidence';
import type { EvidenceClaims } from '../claims.ts';
import type { TcbStatus } from '../dcap/tcb-status.ts';
import type { SnpTcbVersion } from '../snp/snp-tcb.ts';

/** A TCB as JSON. */
export interface ReportedTcb {
  /** `null` for SEV-SNP, whose vendor gives no status. */
  readonly status: TcbStatus | null;
  readonly advisories: readonly string[];
  /** ISO 8601: everything that the vendor published until then is fixed. `null` for SEV-SNP. */
  readonly date: string | null;
  readonly evaluationNumber?: number;
  /** Status with the SVNs of now, for TD quotes of version 1.5. */
  readonly current?: TcbStatus;
  /** Firmware SVNs of SEV-SNP. */
  readonly reported?: SnpTcbVersion;
}

/** An extension of the certificate as JSON. */
export interface ReportedExtension {
  readonly oid: string;
  readonly name: string;
  readonly value: string;
}

/** A workload that an event log proves, as JSON. */
export type ReportedWorkload = LoadedWorkload;

/** Writes a TCB. */
export function describeTcb(evidence: EvidenceClaims): ReportedTcb {
  if (evidence.tee === 'sev-snp') {
    return { status: null, advisories: [], date: null, reported: evidence.tcb.reported };
  }
  const { status, advisories, date, evaluationNumber, current } = evidence.tcb;
  return {
    status,
    advisories,
    date: date.toISOString(),
    evaluationNumber,
    ...(current === undefined ? {} : { current: current.status }),
  };
}

/** Writes what identifies a machine, for policies that name machines. */
export function describePlatform(evidence: EvidenceClaims): Readonly<Record<string, string>> {
  if (evidence.tee === 'sev-snp') {
    const { product, chipId, cloud } = evidence.platform;
    return {
      product,
      ...(chipId === undefined ? {} : { chipId: toHex(chipId) }),
      ...(cloud === undefined ? {} : { cloud }),
    };
  }
  const { fmspc, platformInstanceId } = evidence.platform;
  return {
    fmspc: toHex(fmspc),
    ...(platformInstanceId === undefined ? {} : { piid: toHex(platformInstanceId) }),
  };
}

/** Writes extensions in the form that policies use. */
export function describeExtensions(
  extensions: readonly ExtensionValue[],
): readonly ReportedExtension[] {
  return extensions.map(({ oid, value }) => {
    const known = describeOid(oid);
    return {
      oid,
      name: known?.name ?? 'unknown',
      value: known?.encoding === 'text' ? `utf8:${fromUtf8(value)}` : `hex:${toHex(value)}`,
    };
  });
}
