// SPDX-License-Identifier: Apache-2.0
import { EvidenceError } from '../errors.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { copyBytes } from './bytes.ts';

// Confusing a hash with a measurement, or report data with a signature, must not compile. A brand
// exists only at compile time: at run time these are plain byte arrays.
declare const size: unique symbol;

/** 32 bytes: a SHA-256 digest. */
export type Sha256 = Uint8Array & { readonly [size]: 'sha-256' };

/** 48 bytes: a SHA-384 digest, a measurement or the value of a measurement register. */
export type Sha384 = Uint8Array & { readonly [size]: 'sha-384' };

/** 64 bytes: what a guest chooses to have quoted. */
export type ReportData = Uint8Array & { readonly [size]: 'report-data' };

/** Copies 32 bytes as a {@link Sha256}. @throws EvidenceError `ERR_BYTES_LENGTH` */
export function asSha256(bytes: Uint8Array): Sha256 {
  // Sound: the length has been checked, and the brand claims nothing else.
  return checked(bytes, 32, 'SHA-256 digest') as Sha256;
}

/** Copies 48 bytes as a {@link Sha384}. @throws EvidenceError `ERR_BYTES_LENGTH` */
export function asSha384(bytes: Uint8Array): Sha384 {
  // Sound: the length has been checked, and the brand claims nothing else.
  return checked(bytes, 48, 'SHA-384 digest') as Sha384;
}

/** Copies 64 bytes as {@link ReportData}. @throws EvidenceError `ERR_BYTES_LENGTH` */
export function asReportData(bytes: Uint8Array): ReportData {
  // Sound: the length has been checked, and the brand claims nothing else.
  return checked(bytes, 64, 'report data') as ReportData;
}

/** The next 48 bytes as a {@link Sha384}. */
export function takeSha384(cursor: ByteCursor): Sha384 {
  // Sound: a cursor returns as many bytes as it is asked for.
  return cursor.take(48) as Sha384;
}

/** The next 64 bytes as {@link ReportData}. */
export function takeReportData(cursor: ByteCursor): ReportData {
  // Sound: a cursor returns as many bytes as it is asked for.
  return cursor.take(64) as ReportData;
}

function checked(bytes: Uint8Array, length: number, what: string): Uint8Array {
  if (bytes.length !== length) {
    throw new EvidenceError('ERR_BYTES_LENGTH', `${what} does not have ${length} bytes`, {
      expected: `${length} bytes`,
      seen: `${bytes.length} bytes`,
    });
  }
  return copyBytes(bytes);
}
