// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '../bytes/bytes.ts';
import { asReportData, type ReportData } from '../bytes/fixed-bytes.ts';
import { checkReserved, quoteCursor, quoteError, sized, unsigned } from './quote-error.ts';

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

/**
 * Reads an SGX report body: the body of an SGX quote, or the QE report inside any quote.
 *
 * @param bytes exactly 384 bytes
 * @throws EvidenceError `ERR_QUOTE_BODY`, `ERR_QUOTE_RESERVED`
 */
export function parseSgxReport(bytes: Uint8Array): SgxReport {
  if (bytes.length !== SGX_REPORT_BYTES) {
    throw quoteError(
      'ERR_QUOTE_BODY',
      'SGX report has a wrong size',
      `${SGX_REPORT_BYTES} bytes`,
      bytes.length,
    );
  }
  const cursor = quoteCursor('SGX report', bytes);
  const cpuSvn = cursor.take(16);
  const miscSelect = cursor.u32();
  checkReserved('20 to 32 of the SGX report', cursor.take(12));
  const isvExtProdId = cursor.take(16);
  const attributes = cursor.take(16);
  const mrEnclave = cursor.take(32);
  checkReserved('96 to 128 of the SGX report', cursor.take(32));
  const mrSigner = cursor.take(32);
  checkReserved('160 to 192 of the SGX report', cursor.take(32));
  const configId = cursor.take(64);
  const isvProdId = cursor.u16();
  const isvSvn = cursor.u16();
  const configSvn = cursor.u16();
  checkReserved('262 to 304 of the SGX report', cursor.take(42));
  const isvFamilyId = cursor.take(16);
  const reportData = asReportData(cursor.take(64));
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
    isvFamilyId,
    reportData,
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
