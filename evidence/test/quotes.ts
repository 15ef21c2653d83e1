// SPDX-License-Identifier: Apache-2.0
import {
  asReportData,
  asSha384,
  encodeQuote,
  encodeQuoteSignedRegion,
  encodeSgxReport,
  QE_VENDOR_INTEL,
  type QuoteHeader,
  type QuoteSignatureParts,
  type SgxReport,
  type TdReport,
  type TdReportVersion,
} from '@proofgate/evidence';

const bytes = (size: number, value: number): Uint8Array => new Uint8Array(size).fill(value);
const hash = (value: number): TdReport['mrTd'] => asSha384(bytes(48, value));

/** An SGX report in which every field has another value. */
export const sgxReport: SgxReport = {
  cpuSvn: bytes(16, 1),
  miscSelect: 0x80000002,
  isvExtProdId: bytes(16, 3),
  attributes: bytes(16, 4),
  mrEnclave: bytes(32, 5),
  mrSigner: bytes(32, 6),
  configId: bytes(64, 7),
  isvProdId: 0x0809,
  isvSvn: 0x0a0b,
  configSvn: 0x0c0d,
  isvFamilyId: bytes(16, 14),
  reportData: asReportData(bytes(64, 15)),
};

/** A TD report in which every field has another value. */
export function tdReport(version: TdReportVersion): TdReport {
  const base = {
    version,
    teeTcbSvn: bytes(16, 1),
    mrSeam: hash(2),
    mrSignerSeam: hash(3),
    seamAttributes: bytes(8, 4),
    tdAttributes: bytes(8, 5),
    xfam: bytes(8, 6),
    mrTd: hash(7),
    mrConfigId: hash(8),
    mrOwner: hash(9),
    mrOwnerConfig: hash(10),
    rtmr: [hash(11), hash(12), hash(13), hash(14)],
    reportData: asReportData(bytes(64, 15)),
  } as const;
  if (version === '1.0') return base;
  const current = { ...base, teeTcbSvn2: bytes(16, 16), mrServiceTd: hash(17) };
  if (version === '1.5') return current;
  return {
    ...current,
    extended: {
      vmId: bytes(1, 18),
      tdId: bytes(32, 19),
      deviceInfo: bytes(48, 20),
      initialServiceTd: hash(21),
      initialServiceTdAttributes: bytes(8, 22),
      initialCpuSvn: bytes(16, 23),
      initialTeeTcbSvn: bytes(16, 24),
      initialTeeFmspc: bytes(12, 25),
      currentServiceTd: hash(26),
      currentServiceTdAttributes: bytes(8, 27),
    },
  };
}

/** Signature data that is well-formed; its signatures are not. */
export const signatureParts: QuoteSignatureParts = {
  signature: bytes(64, 1),
  attestationKey: bytes(64, 2),
  qeReportBytes: encodeSgxReport(sgxReport),
  qeReportSignature: bytes(64, 3),
  qeAuthData: bytes(32, 4),
  certificateChainPem: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
};

/** A TDX quote, well-formed. */
export function tdxQuote(version: 4 | 5, report: TdReport): Uint8Array {
  const header = { ...quoteHeader(version), tee: 'tdx' } as const;
  return encodeQuote(version, encodeQuoteSignedRegion({ header, body: report }), signatureParts);
}

/** An SGX quote, well-formed. */
export function sgxQuote(version: 3 | 4 | 5): Uint8Array {
  const svns = version === 3 ? { qeSvn: 10, pceSvn: 15 } : {};
  const header = { ...quoteHeader(version), ...svns, tee: 'sgx' } as const;
  return encodeQuote(version, encodeQuoteSignedRegion({ header, body: sgxReport }), signatureParts);
}

function quoteHeader(version: 3 | 4 | 5): Omit<QuoteHeader, 'tee'> {
  return { version, qeVendorId: QE_VENDOR_INTEL, userData: bytes(20, 8) };
}
