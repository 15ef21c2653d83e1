// SPDX-License-Identifier: Apache-2.0
import { ApiError } from './errors.ts';

/** Bytes, as a whole number. */
export type ByteCount = number;

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  // A single letter counts in powers of two, as LVM, systemd and Docker read it.
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
};

/** A whole number, and a unit: decimal (kB, MB), binary (KiB, MiB), or a single letter, which is binary. */
export const BYTE_SIZE_PATTERN: RegExp = /^(\d{1,16})(|B|kB|[KMGT]B|[KMGT]iB|[KMGT])$/;

/**
 * Reads a size: `64KiB`, `1GiB`, `1MB` (1 000 000), `500M` (binary), or plain bytes.
 *
 * @returns whole bytes
 * @throws ApiError `ERR_API_BYTE_SIZE`
 */
export function parseByteSize(text: string): ByteCount {
  const [, digits = '', unit = ''] = BYTE_SIZE_PATTERN.exec(text) ?? [];
  const bytes = digits === '' ? Number.NaN : Number(digits) * (UNIT_BYTES[unit] ?? Number.NaN);
  if (!Number.isSafeInteger(bytes)) {
    throw new ApiError('ERR_API_BYTE_SIZE', `"${text.slice(0, 40)}" is not a size`, {
      expected: 'a whole number of bytes with an optional unit (64KiB, 1GiB, 1MB)',
      seen: text.slice(0, 40),
    });
  }
  return bytes;
}
