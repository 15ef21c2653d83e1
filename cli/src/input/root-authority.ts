// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { CaIdentity } from '@proofgate/ca/authorities';

import type { CommandContext } from '../context.ts';
import { readCertificates } from './input-file.ts';
import { readKeyFile } from './key-file.ts';

/** Where a command finds the root that signs. */
export interface RootLocation {
  /** Directory with `root.pem` and `root.key`. */
  readonly dir: string;
  readonly passphraseFile?: string;
}

/**
 * Reads the root and its key; asks for the passphrase when there is one.
 *
 * @throws CliError, DaemonError and CaError as the readers of the two files
 */
export async function readRootAuthority(
  { dir, passphraseFile }: RootLocation,
  context: CommandContext,
): Promise<CaIdentity> {
  const [certificate] = await readCertificates(join(dir, 'root.pem'));
  const source = { ...context, file: passphraseFile };
  return { certificate, privateKey: await readKeyFile(join(dir, 'root.key'), source) };
}
