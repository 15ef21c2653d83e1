// SPDX-License-Identifier: Apache-2.0
import {
  sha256 as nobleSha256,
  sha384 as nobleSha384,
  sha512 as nobleSha512,
} from '@noble/hashes/sha2.js';
import { asSha256, asSha384, type Sha256, type Sha384 } from './bytes/fixed-bytes.ts';

// Hashing is synchronous here because parsing is: WebCrypto's digest would make every tree, replay
// and report-data formula asynchronous for no gain at these sizes.

/** SHA-256 (FIPS 180-4). */
export function sha256(bytes: Uint8Array): Sha256 {
  return asSha256(nobleSha256(bytes));
}

/** SHA-384 (FIPS 180-4). */
export function sha384(bytes: Uint8Array): Sha384 {
  return asSha384(nobleSha384(bytes));
}

/** SHA-512 (FIPS 180-4). */
export function sha512(bytes: Uint8Array): Uint8Array {
  return nobleSha512(bytes);
}
