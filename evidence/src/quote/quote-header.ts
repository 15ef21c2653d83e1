// SPDX-License-Identifier: Apache-2.0
import { littleEndian, type ByteCursor } from '../bytes/byte-cursor.ts';
import { concatBytes } from '../bytes/bytes.ts';
import { fromHex } from '../bytes/hex.ts';
import { quoteError, quoteWrite, sized, skipReserved, unsigned } from './quote-error.ts';

/** Quote format versions that we read. */
export type QuoteVersion = 3 | 4 | 5;

/** The TEE that a quote is about. */
export type QuoteTee = 'sgx' | 'tdx';

/**
 * Header of a DCAP quote: 48 bytes in every version (Intel TDX DCAP quoting library API, appendix
 * A.3.1).
 */
export interface QuoteHeader {
  readonly version: QuoteVersion;
  readonly tee: QuoteTee;
  /** Security versions of QE and PCE; version 3 only. */
  readonly qeSvn?: number | undefined;
  readonly pceSvn?: number | undefined;
  /** 16 bytes. The verifier compares it with {@link QE_VENDOR_INTEL}. */
  readonly qeVendorId: Uint8Array;
  /** 20 bytes; not verified, may identify the machine. */
  readonly userData: Uint8Array;
}

/** Vendor id of Intel's quoting enclave in hex. */
export const QE_VENDOR_INTEL_HEX = '939a7233f79c4ca9940a0db3957f0607';

/** Vendor id of Intel's quoting enclave. Shared: copy it before you write to it. */
export const QE_VENDOR_INTEL: Uint8Array = /* @__PURE__ */ fromHex(QE_VENDOR_INTEL_HEX);

/** Bytes of the header. */
export const QUOTE_HEADER_BYTES = 48;

/** ECDSA with P-256; the header also defines P-384, which nobody issues. */
const KEY_TYPE_ECDSA_P256 = 2;

const TEE_TYPE_SGX = 0x00000000;
const TEE_TYPE_TDX = 0x00000081;

/**
 * Reads a quote header.
 *
 * @throws EvidenceError `ERR_QUOTE_VERSION`, `ERR_QUOTE_KEY_TYPE`, `ERR_QUOTE_TEE_TYPE`,
 * `ERR_QUOTE_RESERVED`, `ERR_QUOTE_TRUNCATED`
 */
export function readQuoteHeader(cursor: ByteCursor): QuoteHeader {
  const version = readVersion(cursor.number(2));
  const keyType = cursor.number(2);
  if (keyType !== KEY_TYPE_ECDSA_P256) {
    throw quoteError('ERR_QUOTE_KEY_TYPE', 'attestation key type', '2', keyType);
  }
  const tee = readTee(version, cursor.number(4));
  const qeSvn = version === 3 ? cursor.number(2) : undefined;
  const pceSvn = version === 3 ? cursor.number(2) : undefined;
  if (version !== 3) skipReserved(cursor, 4, 'the quote');
  return { version, tee, qeSvn, pceSvn, qeVendorId: cursor.take(16), userData: cursor.take(20) };
}

/** Writes a quote header. @throws EvidenceError `ERR_QUOTE_WRITE` */
export function encodeQuoteHeader(header: QuoteHeader): Uint8Array {
  return concatBytes(
    littleEndian(header.version, 2),
    littleEndian(KEY_TYPE_ECDSA_P256, 2),
    littleEndian(header.tee === 'tdx' ? TEE_TYPE_TDX : TEE_TYPE_SGX, 4),
    encodeSecurityVersions(header),
    sized('QE vendor id', header.qeVendorId, 16),
    sized('user data', header.userData, 20),
  );
}

function encodeSecurityVersions({ version, qeSvn, pceSvn }: QuoteHeader): Uint8Array {
  if (version !== 3 && (qeSvn !== undefined || pceSvn !== undefined)) {
    throw quoteWrite('header has no QE and PCE SVN', 'version 3', version);
  }
  return concatBytes(unsigned('qeSvn', qeSvn ?? 0, 2), unsigned('pceSvn', pceSvn ?? 0, 2));
}

function readVersion(version: number): QuoteVersion {
  if (version === 3 || version === 4 || version === 5) return version;
  throw quoteError('ERR_QUOTE_VERSION', 'quote version', '3, 4 or 5', version);
}

function readTee(version: QuoteVersion, teeType: number): QuoteTee {
  if (teeType === TEE_TYPE_SGX) return 'sgx';
  // In version 3 the field is reserved, and zero.
  if (teeType === TEE_TYPE_TDX && version !== 3) return 'tdx';
  throw quoteError(
    'ERR_QUOTE_TEE_TYPE',
    'TEE type',
    version === 3 ? '0x0' : '0x0 or 0x81',
    `0x${teeType.toString(16)}`,
  );
}
