// SPDX-License-Identifier: Apache-2.0
import { createCipheriv, createDecipheriv, createPrivateKey, randomBytes } from 'node:crypto';
import { storeInFiles } from './file-key-store.ts';
import type { KeyStore } from './key-store.ts';

/** A key of 32 bytes that the platform gives only to a TD with these measurements, for one purpose. */
export type SealingKey = (context: string) => Promise<Uint8Array>;

/** What stands in front of a sealed key, and is authenticated with it. */
const MAGIC = Buffer.from('proofgate sealed key 1\n');
const CIPHER = 'aes-256-gcm';
/** NIST SP 800-38D, sections 5.2.1.1 and 5.2.1.2. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Keeps keys in files that only the same TD on the same platform can open: a changed image finds none and enrols again.
 *
 * @param directory - exists, and is the store's own
 * @param sealingKey - of the platform
 */
export function sealedKeyStore(directory: string, sealingKey: SealingKey): KeyStore {
  const keyFor = (name: string): Promise<Uint8Array> => sealingKey(`ca-key ${name}`);
  return storeInFiles(directory, {
    kind: 'sealed',
    suffix: '.sealed',
    async seal(key, name) {
      const plain = key.export({ type: 'pkcs8', format: 'der' });
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, await keyFor(name), nonce);
      // The name as well: a file that was renamed is not the key that it says.
      cipher.setAAD(Buffer.concat([MAGIC, Buffer.from(name)]));
      const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
      plain.fill(0);
      return Buffer.concat([MAGIC, nonce, cipher.getAuthTag(), sealed]);
    },
    async open(content, name) {
      const { nonce, tag, sealed } = partsOf(Buffer.from(content));
      const decipher = createDecipheriv(CIPHER, await keyFor(name), nonce);
      decipher.setAAD(Buffer.concat([MAGIC, Buffer.from(name)]));
      decipher.setAuthTag(tag);
      const plain = Buffer.concat([decipher.update(sealed), decipher.final()]);
      try {
        return createPrivateKey({ key: plain, format: 'der', type: 'pkcs8' });
      } finally {
        plain.fill(0);
      }
    },
  });
}

function partsOf(content: Buffer): { nonce: Buffer; tag: Buffer; sealed: Buffer } {
  const tagAt = MAGIC.length + NONCE_BYTES;
  if (!content.subarray(0, MAGIC.length).equals(MAGIC) || content.length <= tagAt + TAG_BYTES) {
    throw new Error('it is not a sealed key of this version');
  }
  return {
    nonce: content.subarray(MAGIC.length, tagAt),
    tag: content.subarray(tagAt, tagAt + TAG_BYTES),
    sealed: content.subarray(tagAt + TAG_BYTES),
  };
}
