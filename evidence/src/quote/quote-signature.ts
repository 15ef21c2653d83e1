// SPDX-License-Identifier: Apache-2.0
import { type ByteCursor, littleEndian } from '../bytes/byte-cursor.ts';
import { concatBytes } from '../bytes/bytes.ts';
import { decodeUtf8, utf8 } from '../bytes/utf8.ts';
import type { QuoteVersion } from './quote-header.ts';
import { quoteError, sized, unsigned } from './quote-error.ts';
import { readSgxReport, SGX_REPORT_BYTES, type SgxReport } from './sgx-report.ts';

/**
 * Signature data of a DCAP quote (Intel TDX DCAP quoting library API, appendices A.3.7 to A.3.11).
 */
export interface QuoteSignature {
  /** r || s, 64 bytes, by the attestation key over the signed region. */
  readonly signature: Uint8Array;
  /** x || y of the QE's P-256 attestation key, 64 bytes. */
  readonly attestationKey: Uint8Array;
  readonly qeReport: SgxReport;
  /** The 384 bytes of the QE report, which the next member signs. */
  readonly qeReportBytes: Uint8Array;
  /** r || s, 64 bytes, by the PCK key over `qeReportBytes`. */
  readonly qeReportSignature: Uint8Array;
  /**
   * Hashed together with the attestation key into the QE report; up to 65535 bytes, 32 in practice.
   */
  readonly qeAuthData: Uint8Array;
  /** Type of the innermost certification data; other types than a PEM chain are refused. */
  readonly certificationType: 5;
  /** PCK certificate, intermediate and root. */
  readonly certificateChainPem: string;
}

/** What signature data is written from. */
export type QuoteSignatureParts = Omit<QuoteSignature, 'qeReport' | 'certificationType'>;

/** Certification data: the QE report with its signature and more certification data. */
const TYPE_QE_REPORT = 6;

/** Certification data: a PEM chain of PCK leaf, intermediate and root. */
const TYPE_PEM_CHAIN = 5;

/**
 * Reads the signature data of a quote.
 *
 * @param cursor over exactly the bytes that the quote's length field counts
 * @throws EvidenceError `ERR_QUOTE_TRUNCATED`, `ERR_QUOTE_CERTIFICATION_TYPE`,
 * `ERR_QUOTE_SIGNATURE_DATA`, `ERR_QUOTE_CHAIN`, `ERR_QUOTE_RESERVED`
 */
export function parseQuoteSignature(version: QuoteVersion, cursor: ByteCursor): QuoteSignature {
  const signature = cursor.take(64);
  const attestationKey = cursor.take(64);
  // Version 3 has no outer certification data: the QE report follows at once.
  if (version !== 3) readCertificationHeader(TYPE_QE_REPORT, cursor);
  const start = cursor.offset;
  const qeReport = readSgxReport(cursor);
  const qeReportBytes = cursor.slice(start, cursor.offset);
  const qeReportSignature = cursor.take(64);
  const qeAuthData = cursor.take(cursor.number(2));
  readCertificationHeader(TYPE_PEM_CHAIN, cursor);
  return {
    signature,
    attestationKey,
    qeReport,
    qeReportBytes,
    qeReportSignature,
    qeAuthData,
    certificationType: TYPE_PEM_CHAIN,
    certificateChainPem: chainText(cursor.view(cursor.left)),
  };
}

/** Writes the signature data of a quote. @throws EvidenceError `ERR_QUOTE_WRITE` */
export function encodeQuoteSignature(
  version: QuoteVersion,
  parts: QuoteSignatureParts,
): Uint8Array {
  const chain = utf8(parts.certificateChainPem);
  const certification = concatBytes(
    sized('qeReportBytes', parts.qeReportBytes, SGX_REPORT_BYTES),
    sized('qeReportSignature', parts.qeReportSignature, 64),
    unsigned('size of qeAuthData', parts.qeAuthData.length, 2),
    parts.qeAuthData,
    littleEndian(TYPE_PEM_CHAIN, 2),
    littleEndian(chain.length, 4),
    chain,
  );
  const outer =
    version === 3 ? [] : [littleEndian(TYPE_QE_REPORT, 2), littleEndian(certification.length, 4)];
  return concatBytes(
    sized('signature', parts.signature, 64),
    sized('attestationKey', parts.attestationKey, 64),
    ...outer,
    certification,
  );
}

// Type and size of certification data, which has to fill the rest exactly: bytes that no field covers
// could hold anything.
function readCertificationHeader(expectedType: number, cursor: ByteCursor): void {
  const type = cursor.number(2);
  if (type !== expectedType) {
    throw quoteError(
      'ERR_QUOTE_CERTIFICATION_TYPE',
      'type of certification data',
      `${expectedType}`,
      type,
    );
  }
  const size = cursor.number(4);
  if (size !== cursor.left) {
    throw quoteError(
      'ERR_QUOTE_SIGNATURE_DATA',
      'size of certification data',
      `${cursor.left} bytes`,
      size,
    );
  }
}

// Lines of plain text, and one NUL, with which Intel's library ends them. To look for the first character that is
// something else takes twice as long, and a quarter of the time of parsing.
const PLAIN_TEXT = /^((?:[ -~]*[\n\r])*[ -~]*)\0?$/;

// The NUL is taken off; anything else that is not plain text is refused.
function chainText(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes, 'ERR_QUOTE_CHAIN');
  const [, plain] = PLAIN_TEXT.exec(text) ?? [];
  if (plain !== undefined) return plain;
  throw quoteError('ERR_QUOTE_CHAIN', 'certificate chain', 'PEM', 'other bytes');
}
