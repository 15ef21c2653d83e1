// SPDX-License-Identifier: Apache-2.0

/** Bytes that are not what RFC 8878 describes, or use more than is allowed. */
export class ZstdCorrupt extends Error {
  override readonly name: string = 'ZstdCorrupt';
}
