// SPDX-License-Identifier: Apache-2.0
import { subtle } from './web-crypto.ts';

/**
 * SHA-256 by the environment's WebCrypto. Everything here waits for signatures anyway, and a bundle for browsers needs
 * no hash code of its own then.
 */
export async function sha256(data: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await subtle().digest('SHA-256', data));
}
