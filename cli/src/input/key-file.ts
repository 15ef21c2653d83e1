// SPDX-License-Identifier: Apache-2.0
import type { KeyObject } from 'node:crypto';
import { readPrivateKey } from '@proofgate/ca';

import { readSecret } from './input-file.ts';
import { readPassphrase, type PassphraseSource } from './passphrase.ts';

/**
 * Reads a private key that only its owner can read; asks for a passphrase when it is encrypted.
 *
 * @throws CliError `ERR_CLI_FILE`, `ERR_CLI_USAGE`; DaemonError `ERR_DAEMON_FILE_NOT_PRIVATE`; CaError as
 *   {@link readPrivateKey}
 */
export async function readKeyFile(path: string, source: PassphraseSource): Promise<KeyObject> {
  const pem = await readSecret(path);
  const passphrase = pem.includes('BEGIN ENCRYPTED PRIVATE KEY')
    ? await readPassphrase(source, 'existing')
    : undefined;
  return readPrivateKey(pem, passphrase);
}
