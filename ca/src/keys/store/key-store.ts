// SPDX-License-Identifier: Apache-2.0
import type { KeyObject } from 'node:crypto';
import { CaError } from '../../errors.ts';

/** Where a machine keeps the private keys of its CAs. A key appears in no message and no error of a store. */
export interface KeyStore {
  /** For logs and tables. */
  readonly kind: 'file' | 'encrypted-file' | 'memory' | 'sealed';
  /**
   * @returns the key; `undefined` when there is none of this name
   * @throws CaError `ERR_CA_KEY_STORE` when there is one that cannot be opened; DaemonError `ERR_DAEMON_FILE_NOT_PRIVATE`
   *   when others could have read or replaced it
   */
  load(name: string): Promise<KeyObject | undefined>;
  /** Keeps a key, in the place of one that has the name already. */
  save(name: string, key: KeyObject): Promise<void>;
  /** Names of the keys that are kept, in no order. */
  names(): Promise<readonly string[]>;
  /** Forgets a key; no error when there is none. */
  remove(name: string): Promise<void>;
}

const NAME = /^[a-z0-9][a-z0-9.-]{0,127}$/;

/**
 * Refuses a name that is not one of a file.
 *
 * @param name - of a key
 * @throws CaError `ERR_CA_KEY_STORE`
 */
export function checkKeyName(name: string): string {
  if (isKeyName(name)) return name;
  throw new CaError('ERR_CA_KEY_STORE', 'the name of a key is malformed', {
    expected: 'lower-case letters, digits, dots and hyphens',
    seen: JSON.stringify(name.slice(0, 64)),
  });
}

/** Whether a name is one that {@link checkKeyName} accepts. */
export function isKeyName(name: string): boolean {
  return NAME.test(name) && !name.includes('..');
}
