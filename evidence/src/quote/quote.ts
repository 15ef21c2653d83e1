// SPDX-License-Identifier: Apache-2.0
import { littleEndian, type ByteCursor } from '../bytes/byte-cursor.ts';
import { concatBytes } from '../bytes/bytes.ts';
import { encodeQuoteHeader, readQuoteHeader, type QuoteHeader } from './quote-header.ts';
import { quoteCursor, quoteError, truncated } from './quote-error.ts';
import { MAX_QUOTE_BYTES } from './quote-limits.ts';
import {
  encodeQuoteSignature,
  parseQuoteSignature,
  type QuoteSignature,
  type QuoteSignatureParts,
} from './quote-signature.ts';
import { encodeSgxReport, parseSgxReport, SGX_REPORT_BYTES, type SgxReport } from './sgx-report.ts';
import { encodeTdReport, parseTdReport, TD_REPORT_BYTES, type TdReport } from './td-report.ts';

/** What every quote has. */
interface QuoteBase {
  readonly version: QuoteHeader['version'];
  readonly header: QuoteHeader;
  /** What the attestation key signs: header, descriptor if there is one, body. */
  readonly signedRegion: Uint8Array;
  readonly signature: QuoteSignature;
  /** The quote without the padding that may follow it: what to hash, embed and compare. */
  readonly bytes: Uint8Array;
  /** How many bytes of padding followed. They are not signed and not read. */
  readonly trailingBytes: number;
}

/** A quote of a trust domain. */
export interface TdxQuote extends QuoteBase {
  readonly kind: 'tdx';
  readonly version: 4 | 5;
  readonly body: TdReport;
}

/** A quote of an SGX enclave. */
export interface SgxQuote extends QuoteBase {
  readonly kind: 'sgx';
  readonly body: SgxReport;
}

/** A DCAP quote. Nothing in it has been verified. */
export type Quote = TdxQuote | SgxQuote;

/** What goes into the signed region of a quote. */
export type QuoteContent =
  | { readonly header: QuoteHeader & { readonly tee: 'tdx' }; readonly body: TdReport }
  | { readonly header: QuoteHeader & { readonly tee: 'sgx' }; readonly body: SgxReport };

/**
 * Body types of a version 5 quote (Intel TDX DCAP quoting library API, appendix A.4), with TEE and
 * exact size.
 */
const BODY_TYPES: ReadonlyMap<number, { tee: QuoteHeader['tee']; size: number }> = new Map([
  [1, { tee: 'sgx', size: SGX_REPORT_BYTES }],
  [2, { tee: 'tdx', size: TD_REPORT_BYTES['1.0'] }],
  [3, { tee: 'tdx', size: TD_REPORT_BYTES['1.5'] }],
  [4, { tee: 'tdx', size: TD_REPORT_BYTES['1.5ex'] }],
]);

/**
 * Reads a DCAP quote: SGX version 3, SGX or TDX version 4 or 5.
 *
 * Lengths inside have to add up exactly. What follows the quote's own end is taken for padding,
 * which some clouds add, and only counted.
 *
 * @throws EvidenceError with a code that begins with `ERR_QUOTE_`
 * @example
 * ```ts
 * const quote = parseQuote(bytes);
 * if (quote.kind === 'tdx') console.log(toHex(quote.body.mrTd));
 * ```
 */
export function parseQuote(bytes: Uint8Array): Quote {
  if (bytes.length > MAX_QUOTE_BYTES) {
    throw quoteError(
      'ERR_QUOTE_TOO_LARGE',
      'quote is too large',
      `at most ${MAX_QUOTE_BYTES} bytes`,
      bytes.length,
    );
  }
  const cursor = quoteCursor('quote', bytes);
  const header = readQuoteHeader(cursor);
  const bodyBytes = cursor.take(bodySize(header, cursor));
  const signedRegion = cursor.slice(0, cursor.offset);
  const signature = parseQuoteSignature(
    header.version,
    cursor.part(cursor.u32(), truncated('signature data')),
  );
  const rest = {
    header,
    signedRegion,
    signature,
    bytes: cursor.slice(0, cursor.offset),
    trailingBytes: cursor.left,
  };
  if (header.version === 3 || header.tee === 'sgx') {
    return { kind: 'sgx', version: header.version, body: parseSgxReport(bodyBytes), ...rest };
  }
  return { kind: 'tdx', version: header.version, body: parseTdReport(bodyBytes), ...rest };
}

/**
 * Writes the part of a quote that the attestation key signs.
 *
 * @throws EvidenceError `ERR_QUOTE_WRITE` when the version cannot carry the body
 */
export function encodeQuoteSignedRegion(content: QuoteContent): Uint8Array {
  const { header } = content;
  const body = encodeBody(content);
  if (header.version === 5) {
    return concatBytes(encodeQuoteHeader(header), bodyDescriptor(header, body.length), body);
  }
  if (body.length !== implicitBodySize(header) || (header.version === 3 && header.tee === 'tdx')) {
    throw quoteError(
      'ERR_QUOTE_WRITE',
      `quote version ${header.version} cannot carry the body`,
      `${implicitBodySize(header)} bytes`,
      body.length,
    );
  }
  return concatBytes(encodeQuoteHeader(header), body);
}

/**
 * Puts the signature data to a signed region.
 *
 * @param signedRegion result of {@link encodeQuoteSignedRegion} for the same version
 * @throws EvidenceError `ERR_QUOTE_WRITE`
 */
export function encodeQuote(
  version: QuoteHeader['version'],
  signedRegion: Uint8Array,
  signature: QuoteSignatureParts,
): Uint8Array {
  const data = encodeQuoteSignature(version, signature);
  return concatBytes(signedRegion, littleEndian(data.length, 4), data);
}

function encodeBody(content: QuoteContent): Uint8Array {
  // The union pairs each header with its body, but its tag lies one level down, where narrowing
  // does not reach.
  return 'mrTd' in content.body ? encodeTdReport(content.body) : encodeSgxReport(content.body);
}

// Before version 5 the header alone says what the body is.
function implicitBodySize(header: QuoteHeader): number {
  return header.tee === 'sgx' ? SGX_REPORT_BYTES : TD_REPORT_BYTES['1.0'];
}

function bodySize(header: QuoteHeader, cursor: ByteCursor): number {
  if (header.version !== 5) return implicitBodySize(header);
  const type = cursor.u16();
  const size = cursor.u32();
  const known = BODY_TYPES.get(type);
  if (known === undefined || known.size !== size || known.tee !== header.tee) {
    throw quoteError(
      'ERR_QUOTE_BODY',
      'body type, body size and TEE type do not fit together',
      known === undefined ? 'body type 1 to 4' : `${known.size} bytes for ${known.tee}`,
      `type ${type} with ${size} bytes for ${header.tee}`,
    );
  }
  return size;
}

function bodyDescriptor(header: QuoteHeader, size: number): Uint8Array {
  for (const [type, known] of BODY_TYPES) {
    if (known.tee === header.tee && known.size === size) {
      return concatBytes(littleEndian(type, 2), littleEndian(size, 4));
    }
  }
  throw quoteError('ERR_QUOTE_WRITE', 'no body type fits', header.tee, `${size} bytes`);
}
