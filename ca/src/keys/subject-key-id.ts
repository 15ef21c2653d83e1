// SPDX-License-Identifier: Apache-2.0
import type { KeyObject } from 'node:crypto';
import { concatBytes, fromBase64Url, sha256 } from '@proofgate/evidence';

/** RFC 7093, section 2: the leftmost 160 bits. */
const KEY_ID_BYTES = 20;

/** SEC 1, section 2.3.3: an uncompressed point follows. */
const UNCOMPRESSED = Uint8Array.of(0x04);

/**
 * The subject key identifier of an EC key: method 1 of RFC 7093, section 2, over the public point.
 *
 * @param publicKey - P-256 or P-384
 */
export function subjectKeyId(publicKey: KeyObject): Uint8Array {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  return sha256(concatBytes(UNCOMPRESSED, fromBase64Url(x), fromBase64Url(y))).slice(
    0,
    KEY_ID_BYTES,
  );
}
