// SPDX-License-Identifier: Apache-2.0
import { VerifierError } from '../errors.ts';

/** A public key that WebCrypto has imported; opaque to us. */
export interface WebCryptoKey {
  readonly type: string;
}

/** The members of `crypto.subtle` (W3C Web Cryptography API) that verification uses. */
export interface SubtleVerifier {
  digest(algorithm: 'SHA-256', data: Uint8Array): Promise<ArrayBuffer>;
  importKey(
    format: 'raw' | 'spki',
    data: Uint8Array,
    algorithm: Readonly<Record<string, string>>,
    extractable: boolean,
    usages: readonly 'verify'[],
  ): Promise<WebCryptoKey>;
  verify(
    algorithm: Readonly<Record<string, string | number>>,
    key: WebCryptoKey,
    signature: Uint8Array,
    data: Uint8Array,
  ): Promise<boolean>;
}

interface WebCryptoGlobal {
  readonly crypto?: { readonly subtle?: SubtleVerifier };
}

/**
 * The environment's WebCrypto.
 *
 * @throws VerifierError `ERR_VERIFIER_NO_WEBCRYPTO`: a browser page that was not loaded over a secure context
 */
export function subtle(): SubtleVerifier {
  // Neither the DOM library nor Node's types are loaded here; the cast names the one global we read, and its absence is handled.
  const { crypto } = globalThis as unknown as WebCryptoGlobal;
  const found = crypto?.subtle;
  if (found === undefined) {
    throw new VerifierError(
      'ERR_VERIFIER_NO_WEBCRYPTO',
      'crypto.subtle is not available',
      {
        hint: 'browsers need https:// or localhost',
      },
      'misuse',
    );
  }
  return found;
}
