// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadIssuer, type Issuer } from '@proofgate/ca';
import { proofgateOk } from './proofgate.ts';
import { MACHINE_DOMAIN } from './stack-config.ts';

/** Makes a root and the machine's intermediary with the commands that an operator would use. */
export async function makePki(directory: string): Promise<void> {
  const root = ['--out', directory, '--name', 'System test root', '--no-passphrase'];
  await proofgateOk('ca', 'init', ...root);
  await proofgateOk('ca', 'intermediary', '--dir', directory, '--domain', MACHINE_DOMAIN);
}

/** The intermediary of a PKI, to sign what the proxy would never sign. */
export async function issuerIn(directory: string): Promise<Issuer> {
  const read = (name: string): Promise<string> => readFile(join(directory, name), 'utf8');
  return loadIssuer({
    certificatePem: await read('intermediary.pem'),
    privateKeyPem: await read('intermediary.key'),
    at: new Date(),
  });
}
