// SPDX-License-Identifier: Apache-2.0
import { ByteCursor } from '../bytes/byte-cursor.ts';
import { concatBytes, copyBytes } from '../bytes/bytes.ts';
import { type ReportData, type Sha384, takeReportData, takeSha384 } from '../bytes/fixed-bytes.ts';
import { quoteError, quoteWrite, sized } from './quote-error.ts';

/** The four run-time measurement registers, RTMR0 to RTMR3. */
export type RuntimeRegisters = readonly [Sha384, Sha384, Sha384, Sha384];

/** A TD report as a quote carries it (Intel TDX DCAP quoting library API, appendix A.3.2). */
export interface TdReport {
  /** Layout: TD report 1.0, 1.5, or 1.5 with the extension that describes service TDs at launch. */
  readonly version: TdReportVersion;
  /**
   * 16 bytes: SVNs of the TDX module at launch; [0] minor, [1] major version, [2] late microcode.
   */
  readonly teeTcbSvn: Uint8Array;
  /** Hash of the TDX module. */
  readonly mrSeam: Sha384;
  /** Zero for a module of Intel's. */
  readonly mrSignerSeam: Sha384;
  /** 8 bytes. */
  readonly seamAttributes: Uint8Array;
  /** 8 bytes, little-endian; see `tdAttributeFlags`. */
  readonly tdAttributes: Uint8Array;
  /** 8 bytes, little-endian: extended features, as in XCR0. */
  readonly xfam: Uint8Array;
  /** Measurement of the initial memory: the firmware. */
  readonly mrTd: Sha384;
  /** Given by the host when it made the TD; proves nothing by itself. So do the next two. */
  readonly mrConfigId: Sha384;
  readonly mrOwner: Sha384;
  readonly mrOwnerConfig: Sha384;
  readonly rtmr: RuntimeRegisters;
  readonly reportData: ReportData;
  /**
   * 16 bytes: SVNs of the TDX module that runs now, after an update that preserved the TD. From 1.5
   * on.
   */
  readonly teeTcbSvn2?: Uint8Array;
  /** Hash of the service TDs that are bound to this one; zero if none is. From 1.5 on. */
  readonly mrServiceTd?: Sha384;
  /** What 1.5 Ex adds. */
  readonly extended?: TdReportExtension;
}

/** Layouts of a TD report. */
export type TdReportVersion = '1.0' | '1.5' | '1.5ex';

/** Fields of TD report 1.5 Ex that earlier layouts lack. */
export interface TdReportExtension {
  /** 1 byte. */
  readonly vmId: Uint8Array;
  /** 32 bytes. */
  readonly tdId: Uint8Array;
  /** 48 bytes. */
  readonly deviceInfo: Uint8Array;
  readonly initialServiceTd: Sha384;
  /** 8 bytes. */
  readonly initialServiceTdAttributes: Uint8Array;
  /** 16 bytes. */
  readonly initialCpuSvn: Uint8Array;
  /** 16 bytes. */
  readonly initialTeeTcbSvn: Uint8Array;
  /** 12 bytes. */
  readonly initialTeeFmspc: Uint8Array;
  readonly currentServiceTd: Sha384;
  /** 8 bytes. */
  readonly currentServiceTdAttributes: Uint8Array;
}

/** Exact size of each layout, in bytes. */
export const TD_REPORT_BYTES = { '1.0': 584, '1.5': 648, '1.5ex': 885 } as const;

const WHAT = 'TD report';

/**
 * Reads a TD report; its length says which layout it has.
 *
 * @param bytes exactly 584, 648 or 885 bytes
 * @throws EvidenceError `ERR_QUOTE_BODY`
 */
export function parseTdReport(bytes: Uint8Array): TdReport {
  for (const version of ['1.0', '1.5', '1.5ex'] as const) {
    if (TD_REPORT_BYTES[version] === bytes.length) {
      return readTdReport(new ByteCursor(copyBytes(bytes), WHAT, 'ERR_QUOTE_BODY'), version);
    }
  }
  throw quoteError('ERR_QUOTE_BODY', WHAT, Object.values(TD_REPORT_BYTES).join(', '), bytes.length);
}

/**
 * Reads a TD report that is part of something.
 *
 * @throws EvidenceError the cursor's own
 */
export function readTdReport(cursor: ByteCursor, version: TdReportVersion): TdReport {
  const base = readBase(cursor, version);
  if (version === '1.0') return base;
  const current = { ...base, teeTcbSvn2: cursor.take(16), mrServiceTd: takeSha384(cursor) };
  return version === '1.5' ? current : { ...current, extended: readExtension(cursor) };
}

/**
 * Writes a TD report in the layout that `version` names.
 *
 * @throws EvidenceError `ERR_QUOTE_WRITE` when a field has a wrong size or its layout needs one
 * that is absent
 */
export function encodeTdReport(report: TdReport): Uint8Array {
  const { version, teeTcbSvn2, mrServiceTd, extended } = report;
  const parts = [encodeBase(report)];
  if (version !== '1.0') {
    parts.push(
      sized('teeTcbSvn2', teeTcbSvn2 ?? missing(version, 'teeTcbSvn2'), 16),
      sized('mrServiceTd', mrServiceTd ?? missing(version, 'mrServiceTd'), 48),
    );
  }
  if (version === '1.5ex') {
    parts.push(encodeExtension(extended ?? missing(version, 'extended')));
  }
  return concatBytes(...parts);
}

type BaseFields = Omit<TdReport, 'teeTcbSvn2' | 'mrServiceTd' | 'extended'>;

// Written out and in one piece: a quote is parsed for every connection, and spreading the members of one object into
// another costs more than reading them.
function readBase(cursor: ByteCursor, version: TdReportVersion): BaseFields {
  return {
    version,
    teeTcbSvn: cursor.take(16),
    mrSeam: takeSha384(cursor),
    mrSignerSeam: takeSha384(cursor),
    seamAttributes: cursor.take(8),
    tdAttributes: cursor.take(8),
    xfam: cursor.take(8),
    mrTd: takeSha384(cursor),
    mrConfigId: takeSha384(cursor),
    mrOwner: takeSha384(cursor),
    mrOwnerConfig: takeSha384(cursor),
    rtmr: [takeSha384(cursor), takeSha384(cursor), takeSha384(cursor), takeSha384(cursor)],
    reportData: takeReportData(cursor),
  };
}

function encodeBase(report: TdReport): Uint8Array {
  return concatBytes(
    sized('teeTcbSvn', report.teeTcbSvn, 16),
    sized('mrSeam', report.mrSeam, 48),
    sized('mrSignerSeam', report.mrSignerSeam, 48),
    sized('seamAttributes', report.seamAttributes, 8),
    sized('tdAttributes', report.tdAttributes, 8),
    sized('xfam', report.xfam, 8),
    sized('mrTd', report.mrTd, 48),
    sized('mrConfigId', report.mrConfigId, 48),
    sized('mrOwner', report.mrOwner, 48),
    sized('mrOwnerConfig', report.mrOwnerConfig, 48),
    ...report.rtmr.map((register, index) => sized(`rtmr${index}`, register, 48)),
    sized('reportData', report.reportData, 64),
  );
}

function readExtension(cursor: ByteCursor): TdReportExtension {
  return {
    vmId: cursor.take(1),
    tdId: cursor.take(32),
    deviceInfo: cursor.take(48),
    initialServiceTd: takeSha384(cursor),
    initialServiceTdAttributes: cursor.take(8),
    initialCpuSvn: cursor.take(16),
    initialTeeTcbSvn: cursor.take(16),
    initialTeeFmspc: cursor.take(12),
    currentServiceTd: takeSha384(cursor),
    currentServiceTdAttributes: cursor.take(8),
  };
}

function encodeExtension(extension: TdReportExtension): Uint8Array {
  return concatBytes(
    sized('vmId', extension.vmId, 1),
    sized('tdId', extension.tdId, 32),
    sized('deviceInfo', extension.deviceInfo, 48),
    sized('initialServiceTd', extension.initialServiceTd, 48),
    sized('initialServiceTdAttributes', extension.initialServiceTdAttributes, 8),
    sized('initialCpuSvn', extension.initialCpuSvn, 16),
    sized('initialTeeTcbSvn', extension.initialTeeTcbSvn, 16),
    sized('initialTeeFmspc', extension.initialTeeFmspc, 12),
    sized('currentServiceTd', extension.currentServiceTd, 48),
    sized('currentServiceTdAttributes', extension.currentServiceTdAttributes, 8),
  );
}

function missing(version: TdReportVersion, field: string): never {
  throw quoteWrite(`TD report ${version} needs ${field}`, field, 'nothing');
}
