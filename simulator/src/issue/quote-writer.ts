// SPDX-License-Identifier: Apache-2.0
import {
  asReportData,
  concatBytes,
  encodeQuote,
  encodeQuoteSignedRegion,
  encodeSgxReport,
  sha256,
  type ReportData,
  type RuntimeRegisters,
} from '@proofgate/evidence';
import type {
  PlatformDescription,
  QuoteDescription,
  QuoteKind,
  QuotingEnclaveDescription,
} from '../description/platform-description.ts';
import { signRaw } from '../signing-key.ts';
import type { CertificateIssuer } from './certificate-issuer.ts';

/** Version 5: where the body type stands, right behind the header. */
const BODY_TYPE_OFFSET = 48;
/** Versions 4 and 5: where the outer certification data type stands, behind size, signature and key. */
const CERTIFICATION_TYPE_OFFSET = 4 + 64 + 64;

/** The part of the signature data that is the same in every quote. */
type QuotingEnclaveEvidence = Omit<Parameters<typeof encodeQuote>[2], 'signature'>;

/**
 * What a platform's quotes are about.
 *
 * @param quote - their form
 * @returns SGX for version 3, else TDX
 */
export function quoteKind(quote: QuoteDescription): QuoteKind {
  return quote.version === 3 ? 'sgx' : 'tdx';
}

/**
 * Writes the quotes of one platform. The quoting enclave's part is made once; each quote then costs one signature.
 */
export class QuoteWriter {
  readonly #platform: PlatformDescription;
  readonly #evidence: QuotingEnclaveEvidence;

  /**
   * @param platform - the platform; not changed afterwards
   * @param certificates - issues the chain in the quotes
   */
  constructor(platform: PlatformDescription, certificates: CertificateIssuer) {
    const { quote, quotingEnclaves } = platform;
    this.#platform = platform;
    this.#evidence = quotingEnclaveEvidence(
      quotingEnclaves[quoteKind(quote)],
      certificates.chainPem(quote.chain),
    );
  }

  /**
   * Writes a quote.
   *
   * @param reportData - what it shall cover
   * @param rtmr - RTMR0 to RTMR3 at this moment
   * @returns the quote and the padding that the description asks for
   */
  write(reportData: ReportData, rtmr: RuntimeRegisters): Uint8Array {
    const { quote } = this.#platform;
    const signedRegion = withUint16(
      this.#signedRegion(reportData, rtmr),
      BODY_TYPE_OFFSET,
      quote.declaredBodyType,
    );
    const written = encodeQuote(quote.version, signedRegion, {
      signature: signRaw(quote.signedBy, signedRegion),
      ...this.#evidence,
    });
    const declared = withUint16(
      written,
      signedRegion.length + CERTIFICATION_TYPE_OFFSET,
      quote.declaredCertificationType,
    );
    const flipped = withInvertedByte(declared, quote.flippedByteAt);
    return concatBytes(flipped, new Uint8Array(quote.paddingBytes));
  }

  #signedRegion(reportData: ReportData, rtmr: RuntimeRegisters): Uint8Array {
    const { quote, td, enclave } = this.#platform;
    const header = { version: quote.version, qeVendorId: quote.vendorId, userData: quote.userData };
    if (quote.version === 3) {
      return encodeQuoteSignedRegion({
        header: { ...header, tee: 'sgx' },
        body: { ...enclave, reportData },
      });
    }
    const version = quote.version === 5 && quote.bodyType === 3 ? '1.5' : '1.0';
    return encodeQuoteSignedRegion({
      header: { ...header, tee: 'tdx' },
      body: { ...td, version, rtmr, reportData },
    });
  }
}

function quotingEnclaveEvidence(
  enclave: QuotingEnclaveDescription,
  chainPem: string,
): QuotingEnclaveEvidence {
  const { report, authData, attestationKey, boundKey, signedBy } = enclave;
  const boundHash = sha256(concatBytes(boundKey.point, authData));
  const reportData = asReportData(concatBytes(boundHash, new Uint8Array(32)));
  const qeReportBytes = encodeSgxReport({ ...report, reportData });
  return {
    attestationKey: attestationKey.point,
    qeReportBytes,
    qeReportSignature: signRaw(signedBy, qeReportBytes),
    qeAuthData: authData,
    // Intel's quoting enclave ends the text with a zero byte.
    certificateChainPem: `${chainPem}\0`,
  };
}

function withUint16(bytes: Uint8Array, offset: number, value: number | undefined): Uint8Array {
  if (value === undefined) return bytes;
  const changed = new Uint8Array(bytes);
  new DataView(changed.buffer).setUint16(offset, value, true);
  return changed;
}

function withInvertedByte(bytes: Uint8Array, offset: number | undefined): Uint8Array {
  if (offset === undefined) return bytes;
  const changed = new Uint8Array(bytes);
  changed[offset] = (changed[offset] ?? 0) ^ 0xff;
  return changed;
}
