// SPDX-License-Identifier: Apache-2.0
import { ByteCursor } from '../bytes/byte-cursor.ts';
import { concatBytes, copyBytes } from '../bytes/bytes.ts';
import { type ReportData, takeReportData } from '../bytes/fixed-bytes.ts';
import { quoteError, sized, skipReserved, unsigned } from './quote-error.ts';

/**
 * An SGX enclave report without its MAC (Intel SDM volume 3D, table 38-21). Numbers are
 * little-endian on the wire.
 */
export interface SgxReport {
  /** 16 bytes. Platform TCB is judged by the PCK certificate, not by this. */
  readonly cpuSvn: Uint8Array;
  readonly miscSelect: number;
  /** 16 bytes. */
  readonly isvExtProdId: Uint8Array;
  /** Flags and XFRM: 16 bytes. */
  readonly attributes: Uint8Array;
  /** 32 bytes. */
  readonly mrEnclave: Uint8Array;
  /** 32 bytes. */
  readonly mrSigner: Uint8Array;
  /** 64 bytes. */
  readonly configId: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly configSvn: number;
  /** 16 bytes. */
  readonly isvFamilyId: Uint8Array;
  readonly reportData: ReportData;
}

/** Bytes of an SGX report body. */
export const SGX_REPORT_BYTES = 384;

const WHAT = 'SGX report';

/**
 * Reads an SGX report body: the body of an SGX quote, or the QE report inside any quote.
 *
 * @param bytes exactly 384 bytes
 * @throws EvidenceError `ERR_QUOTE_BODY`, `ERR_QUOTE_RESERVED`
 */
export function parseSgxReport(bytes: Uint8Array): SgxReport {
  if (bytes.length !== SGX_REPORT_BYTES) {
    throw quoteError('ERR_QUOTE_BODY', WHAT, `${SGX_REPORT_BYTES} bytes`, bytes.length);
  }
  return readSgxReport(new ByteCursor(copyBytes(bytes), WHAT, 'ERR_QUOTE_BODY'));
}

/**
 * Reads an SGX report body that is part of something.
 *
 * @throws EvidenceError `ERR_QUOTE_RESERVED`, and the cursor's own
 */
export function readSgxReport(outer: ByteCursor): SgxReport {
  const cursor = outer.part(SGX_REPORT_BYTES, WHAT);
  const cpuSvn = cursor.take(16);
  const miscSelect = cursor.number(4);
  skipReserved(cursor, 12, WHAT);
  const isvExtProdId = cursor.take(16);
  const attributes = cursor.take(16);
  const mrEnclave = cursor.take(32);
  skipReserved(cursor, 32, WHAT);
  const mrSigner = cursor.take(32);
  skipReserved(cursor, 32, WHAT);
  const configId = cursor.take(64);
  const isvProdId = cursor.number(2);
  const isvSvn = cursor.number(2);
  const configSvn = cursor.number(2);
  skipReserved(cursor, 42, WHAT);
  return {
    cpuSvn,
    miscSelect,
    isvExtProdId,
    attributes,
    mrEnclave,
    mrSigner,
    configId,
    isvProdId,
    isvSvn,
    configSvn,
    isvFamilyId: cursor.take(16),
    reportData: takeReportData(cursor),
  };
}

/** Writes an SGX report body of 384 bytes. @throws EvidenceError `ERR_QUOTE_WRITE` */
export function encodeSgxReport(report: SgxReport): Uint8Array {
  return concatBytes(
    sized('cpuSvn', report.cpuSvn, 16),
    unsigned('miscSelect', report.miscSelect, 4),
    new Uint8Array(12),
    sized('isvExtProdId', report.isvExtProdId, 16),
    sized('attributes', report.attributes, 16),
    sized('mrEnclave', report.mrEnclave, 32),
    new Uint8Array(32),
    sized('mrSigner', report.mrSigner, 32),
    new Uint8Array(32),
    sized('configId', report.configId, 64),
    unsigned('isvProdId', report.isvProdId, 2),
    unsigned('isvSvn', report.isvSvn, 2),
    unsigned('configSvn', report.configSvn, 2),
    new Uint8Array(42),
    sized('isvFamilyId', report.isvFamilyId, 16),
    sized('reportData', report.reportData, 64),
  );
}
