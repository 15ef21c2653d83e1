// SPDX-License-Identifier: Apache-2.0
import type { KeyObject } from 'node:crypto';
import { checkKeyName, type KeyStore } from './key-store.ts';

/** Keeps keys for as long as this process lives: a machine that starts again enrols again. */
export function memoryKeyStore(): KeyStore {
  const keys = new Map<string, KeyObject>();
  return {
    kind: 'memory',
    load: (name) => Promise.resolve(keys.get(checkKeyName(name))),
    save: (name, key) => {
      keys.set(checkKeyName(name), key);
      return Promise.resolve();
    },
    names: () => Promise.resolve([...keys.keys()]),
    remove: (name) => {
      keys.delete(checkKeyName(name));
      return Promise.resolve();
    },
  };
}
