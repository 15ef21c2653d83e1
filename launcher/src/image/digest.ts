// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';

const PREFIX = 'sha256:';
const DIGEST_PATTERN = /^sha256:[0-9a-f]{64}$/;

/** Whether this is `sha256:` and 64 lower-case hex digits, the one kind of digest that is used. */
export function isDigest(value: unknown): value is string {
  return typeof value === 'string' && DIGEST_PATTERN.test(value);
}

/** Digest of bytes or of text in UTF-8. */
export function digestOf(data: Uint8Array | string): string {
  return asDigest(createHash('sha256').update(data).digest('hex'));
}

/** Digest with this hash. */
export function asDigest(hex: string): string {
  return `${PREFIX}${hex}`;
}

/** Hash of a digest, which is also the name of its file. */
export function hexOf(digest: string): string {
  return digest.slice(PREFIX.length);
}
