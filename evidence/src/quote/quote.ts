// SPDX-License-Identifier: Apache-2.0
import { ByteCursor, littleEndian } from '../bytes/byte-cursor.ts';
import { concatBytes, copyBytes } from '../bytes/bytes.ts';
import { encodeQuoteHeader, readQuoteHeader, type QuoteHeader } from './quote-header.ts';
import { quoteError, quoteWrite } from './quote-error.ts';
import { MAX_QUOTE_BYTES } from './quote-limits.ts';
import {
  encodeQuoteSignature,
  parseQuoteSignature,
  type QuoteSignature,
  type QuoteSignatureParts,
} from './quote-signature.ts';
import { encodeSgxReport, readSgxReport, SGX_REPORT_BYTES, type SgxReport } from './sgx-report.ts';
import {
  encodeTdReport,
  readTdReport,
  TD_REPORT_BYTES,
  type TdReport,
  type TdReportVersion,
} from './td-report.ts';

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

type BodyLayout = 'sgx' | TdReportVersion;

const BODY_BYTES: Readonly<Record<BodyLayout, number>> = {
  sgx: SGX_REPORT_BYTES,
  ...TD_REPORT_BYTES,
};

/** Body types of a version 5 quote, from 1 on (Intel TDX DCAP quoting library API, appendix A.4). */
const BODY_TYPES: readonly BodyLayout[] = ['sgx', '1.0', '1.5', '1.5ex'];

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
      'quote',
      `at most ${MAX_QUOTE_BYTES} bytes`,
      bytes.length,
    );
  }
  const copy = copyBytes(bytes);
  const cursor = new ByteCursor(copy, 'quote', 'ERR_QUOTE_TRUNCATED');
  const header = readQuoteHeader(cursor);
  const { version } = header;
  const layout = bodyLayout(header, cursor);
  const body = layout === 'sgx' ? readSgxReport(cursor) : readTdReport(cursor, layout);
  const signedRegion = cursor.slice(0, cursor.offset);
  const signature = parseQuoteSignature(version, cursor.part(cursor.number(4), 'signature data'));
  const trailingBytes = cursor.left;
  // No other member shares the copy, so it can be handed out itself.
  const own = trailingBytes === 0 ? copy : cursor.slice(0, cursor.offset);
  // In one piece: with a spread in it, this function takes twice as long.
  const quote = {
    kind: header.tee,
    version,
    header,
    body,
    signedRegion,
    signature,
    bytes: own,
    trailingBytes,
  };
  // Sound: the layout has been chosen by the header's TEE and version.
  return quote as Quote;
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
  const size = BODY_BYTES[implicitLayout(header)];
  if (body.length !== size || (header.version === 3 && header.tee === 'tdx')) {
    throw quoteWrite(
      `quote version ${header.version} cannot carry the body`,
      `${size} bytes`,
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
function implicitLayout(header: QuoteHeader): BodyLayout {
  return header.tee === 'sgx' ? 'sgx' : '1.0';
}

function bodyLayout(header: QuoteHeader, cursor: ByteCursor): BodyLayout {
  if (header.version !== 5) return implicitLayout(header);
  const type = cursor.number(2);
  const size = cursor.number(4);
  const layout = BODY_TYPES[type - 1];
  if (layout !== undefined && BODY_BYTES[layout] === size && teeOf(layout) === header.tee) {
    return layout;
  }
  throw quoteError(
    'ERR_QUOTE_BODY',
    'body',
    layout === undefined ? 'body type 1 to 4' : `${BODY_BYTES[layout]} bytes for ${teeOf(layout)}`,
    `type ${type} with ${size} bytes for ${header.tee}`,
  );
}

function teeOf(layout: BodyLayout): QuoteHeader['tee'] {
  return layout === 'sgx' ? 'sgx' : 'tdx';
}

function bodyDescriptor(header: QuoteHeader, size: number): Uint8Array {
  const index = BODY_TYPES.findIndex(
    (layout) => BODY_BYTES[layout] === size && teeOf(layout) === header.tee,
  );
  if (index >= 0) return concatBytes(littleEndian(index + 1, 2), littleEndian(size, 4));
  throw quoteWrite('no body type fits', header.tee, `${size} bytes`);
}
