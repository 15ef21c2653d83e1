// SPDX-License-Identifier: Apache-2.0
import { derElements, derList, parseDer } from '../asn1/der-element.ts';
import { readBitString } from '../asn1/der-values.ts';
import { concatBytes, isAllZero } from '../bytes/bytes.ts';
import { asReportData, type ReportData } from '../bytes/fixed-bytes.ts';
import { utf8 } from '../bytes/utf8.ts';
import { EvidenceError } from '../errors.ts';
import { sha256, sha512 } from '../hashes.ts';

/*
 * One formula binds a quote to a TLS key (RA-TLS v1, and v2 with another B):
 *
 *   report_data = SHA-512( SHA-256(SPKI) || B [ || SHA-256(GPU evidence) ] )
 *
 * B has no label and no length of its own, so the values of different modes could in theory
 * coincide. A verifier therefore decides on the mode before it looks, and the lengths below are
 * exact.
 */

/** Label of the TLS exporter (RFC 8446, section 7.5) for a server that attests in RA-TLS v2. */
export const SESSION_EXPORTER_LABEL = 'EXPORTER-privasys-ratls-attest-v2';

/** The same for a client that attests; a label of its own keeps evidence from being reflected. */
export const SESSION_CLIENT_EXPORTER_LABEL = 'EXPORTER-privasys-ratls-attest-v2-client';

/** Bytes of a session context, and of what the TLS exporter makes of it. */
export const SESSION_CONTEXT_BYTES = 32;

/** Shortest nonce that a v1 challenge may carry. */
export const MIN_NONCE_BYTES = 8;
/** Longest nonce that a v1 challenge may carry. */
export const MAX_NONCE_BYTES = 64;

const BINDER_BYTES = 32;

/**
 * Report data of a certificate that is made ahead of need: it covers the key and the minute of
 * `notBefore`.
 *
 * @param spki DER of the whole SubjectPublicKeyInfo, not the bare point
 * @param gpuEvidence value of the GPU evidence extension, exactly when the certificate has one
 * @throws EvidenceError `ERR_REPORT_DATA_INPUT`
 * @example
 * ```ts
 * const expected = deterministicReportData(certificate.spki, certificate.notBefore);
 * if (!equalBytes(expected, quote.body.reportData)) throw new Error('quote is for another key');
 * ```
 */
export function deterministicReportData(
  spki: Uint8Array,
  notBefore: Date,
  gpuEvidence?: Uint8Array,
): ReportData {
  return compose(spki, utf8(formatQuoteTime(notBefore)), gpuEvidence);
}

/**
 * Report data of a certificate that answers a v1 challenge.
 *
 * @param nonce 8 to 64 bytes; empty only together with a binder, where the peer sent none
 * @param binder 32 bytes from the TLS key schedule
 * @throws EvidenceError `ERR_REPORT_DATA_INPUT`
 */
export function challengeReportData(
  spki: Uint8Array,
  nonce: Uint8Array,
  binder?: Uint8Array,
  gpuEvidence?: Uint8Array,
): ReportData {
  const empty = nonce.length === 0 && binder !== undefined;
  if (!empty && (nonce.length < MIN_NONCE_BYTES || nonce.length > MAX_NONCE_BYTES)) {
    throw misuse('nonce', `${MIN_NONCE_BYTES} to ${MAX_NONCE_BYTES} bytes`, nonce.length);
  }
  if (binder !== undefined) checkSecret('binder', binder, BINDER_BYTES);
  return compose(spki, concatBytes(nonce, binder ?? new Uint8Array()), gpuEvidence);
}

/**
 * Report data of RA-TLS v2 that belongs to one TLS session.
 *
 * @param context 32 bytes that the asking side chose
 * @param exported 32 bytes: TLS exporter with {@link SESSION_EXPORTER_LABEL} over `context`
 * @throws EvidenceError `ERR_REPORT_DATA_INPUT`, also for an exporter value that is all zero
 */
export function sessionReportData(
  spki: Uint8Array,
  context: Uint8Array,
  exported: Uint8Array,
  gpuEvidence?: Uint8Array,
): ReportData {
  checkSession(context, exported);
  return compose(spki, concatBytes(context, exported), gpuEvidence);
}

/**
 * Writes an instant as the 17 characters `YYYY-MM-DDTHH:MMZ`, in UTC; seconds are cut off.
 *
 * @throws EvidenceError `ERR_REPORT_DATA_INPUT` on a date without a year of four digits
 */
export function formatQuoteTime(date: Date): string {
  const year = date.getUTCFullYear();
  if (Number.isNaN(year) || year < 0 || year > 9999) {
    throw new EvidenceError(
      'ERR_REPORT_DATA_INPUT',
      'quote time is not a date',
      {
        expected: 'a valid date in the years 0 to 9999',
        seen: String(date.getTime()),
      },
      'misuse',
    );
  }
  return `${date.toISOString().slice(0, 16)}Z`;
}

function compose(spki: Uint8Array, b: Uint8Array, gpuEvidence?: Uint8Array): ReportData {
  checkSpki(spki);
  const gpu = gpuEvidence === undefined ? new Uint8Array() : sha256(gpuEvidence);
  return asReportData(sha512(concatBytes(sha256(spki), b, gpu)));
}

/** Refuses a context or an exporter value that cannot identify a TLS session. */
export function checkSession(context: Uint8Array, exported: Uint8Array): void {
  if (context.length !== SESSION_CONTEXT_BYTES) {
    throw misuse('context', `${SESSION_CONTEXT_BYTES} bytes`, context.length);
  }
  checkSecret('exporter value', exported, SESSION_CONTEXT_BYTES);
}

/** Refuses a bare point or a whole certificate: they would be hashed just as happily and never match. */
export function checkSpki(spki: Uint8Array): void {
  try {
    const [algorithm, key] = derElements(parseDer(spki), 2);
    derList(algorithm);
    readBitString(key);
  } catch (cause) {
    throw new EvidenceError(
      'ERR_REPORT_DATA_INPUT',
      'key is not a SubjectPublicKeyInfo',
      {
        expected: 'DER of a SubjectPublicKeyInfo',
        cause,
      },
      'misuse',
    );
  }
}

// TLS stacks return empty or zero secrets in error states, and those would be the same on every
// connection.
function checkSecret(what: string, secret: Uint8Array, size: number): void {
  if (secret.length !== size) throw misuse(what, `${size} bytes`, secret.length);
  if (isAllZero(secret)) {
    throw new EvidenceError(
      'ERR_REPORT_DATA_INPUT',
      `${what} is all zero`,
      {
        expected: 'a secret of the TLS session',
        seen: 'zeros',
      },
      'misuse',
    );
  }
}

function misuse(what: string, expected: string, length: number): EvidenceError {
  return new EvidenceError(
    'ERR_REPORT_DATA_INPUT',
    `${what} has a wrong length`,
    {
      expected,
      seen: `${length} bytes`,
    },
    'misuse',
  );
}
