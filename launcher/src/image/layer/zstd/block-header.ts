// SPDX-License-Identifier: Apache-2.0
import { ZstdCorrupt } from './zstd-corrupt.ts';

/** How a block is stored (RFC 8878 section 3.1.1.2). */
export interface BlockHeader {
  readonly kind: 'stored' | 'run' | 'compressed';
  /** Of what follows; for a run, of what it unpacks to. */
  readonly size: number;
  readonly last: boolean;
}

/** Largest block, packed or not (RFC 8878 section 3.1.1.2.4). */
export const MAX_BLOCK_BYTES: number = 128 * 1024;
export const BLOCK_HEADER_BYTES = 3;

const KINDS = ['stored', 'run', 'compressed'] as const;

/** @throws ZstdCorrupt */
export function parseBlockHeader(input: Uint8Array, at: number): BlockHeader {
  const bits = (input[at] ?? 0) | ((input[at + 1] ?? 0) << 8) | ((input[at + 2] ?? 0) << 16);
  const kind = KINDS[(bits >> 1) & 3];
  const size = bits >> 3;
  if (kind === undefined) throw new ZstdCorrupt('block has a reserved type');
  if (size > MAX_BLOCK_BYTES) throw new ZstdCorrupt('block is too large');
  return { kind, size, last: (bits & 1) === 1 };
}

/** Bytes that follow the header. */
export function blockBodySize({ kind, size }: BlockHeader): number {
  return kind === 'run' ? 1 : size;
}
