// SPDX-License-Identifier: Apache-2.0
import type { KeyObject } from 'node:crypto';
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  assertPrivateFile,
  DaemonError,
  readBoundedFile,
  writeFileAtomic,
} from '@proofgate/daemon';
import { CaError } from '../../errors.ts';
import { encodePrivateKey, encryptPrivateKey } from '../encrypted-private-key.ts';
import { readPrivateKey, type Passphrase } from '../private-key-pem.ts';
import { checkKeyName, isKeyName, type KeyStore } from './key-store.ts';

/** Longest file: a P-384 key, encrypted, in PEM, has less than 1 KiB. */
const MAX_KEY_FILE_BYTES = 16_384;

/** How the content of a file becomes a key and back. */
interface FileForm {
  readonly kind: KeyStore['kind'];
  readonly suffix: string;
  readonly open: (content: Uint8Array, name: string) => Promise<KeyObject>;
  readonly seal: (key: KeyObject, name: string) => Promise<string | Uint8Array>;
}

/**
 * Keeps keys as PKCS#8 files of mode 0600. What protects them is the disk: an encrypted one, in a confidential VM.
 *
 * @param directory - exists, and is the store's own
 */
export function fileKeyStore(directory: string): KeyStore {
  return storeInFiles(directory, {
    kind: 'file',
    suffix: '.key',
    open: (content) => Promise.resolve(readPrivateKey(Buffer.from(content).toString('latin1'))),
    seal: (key) => Promise.resolve(encodePrivateKey(key)),
  });
}

/**
 * Keeps keys as encrypted PKCS#8 files of mode 0600.
 *
 * @param directory - exists, and is the store's own
 * @param passphrase - opens all of them
 */
export function encryptedFileKeyStore(directory: string, passphrase: Passphrase): KeyStore {
  return storeInFiles(directory, {
    kind: 'encrypted-file',
    suffix: '.key',
    open: (content) =>
      Promise.resolve(readPrivateKey(Buffer.from(content).toString('latin1'), passphrase)),
    seal: (key) => encryptPrivateKey(key, passphrase),
  });
}

/**
 * Keeps keys in files of some form.
 *
 * @param directory - exists, and is the store's own
 * @param form - what is in the files
 */
export function storeInFiles(directory: string, form: FileForm): KeyStore {
  const pathOf = (name: string): string => join(directory, checkKeyName(name) + form.suffix);
  return {
    kind: form.kind,
    async load(name) {
      const path = pathOf(name);
      const content = await readIfThere(path);
      if (content === undefined) return undefined;
      await assertPrivateFile(path);
      try {
        return await form.open(content, name);
      } catch (cause) {
        throw new CaError('ERR_CA_KEY_STORE', `the key in ${path} cannot be opened`, {
          hint: 'remove it to get a new one',
          cause,
        });
      } finally {
        content.fill(0);
      }
    },
    async save(name, key) {
      await writeFileAtomic(pathOf(name), await form.seal(key, name), { mode: 0o600 });
    },
    async names() {
      const files = await readdir(directory);
      return files
        .filter((file) => file.endsWith(form.suffix))
        .map((file) => file.slice(0, -form.suffix.length))
        .filter(isKeyName);
    },
    async remove(name) {
      await unlink(pathOf(name)).catch((error: unknown) => {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      });
    },
  };
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readBoundedFile(path, MAX_KEY_FILE_BYTES);
  } catch (error) {
    if (error instanceof DaemonError && error.code === 'ERR_DAEMON_FILE_MISSING') return undefined;
    throw error;
  }
}
