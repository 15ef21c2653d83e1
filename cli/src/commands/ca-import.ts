// SPDX-License-Identifier: Apache-2.0
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { encodePrivateKey, loadIssuer } from '@proofgate/ca';
import { assertPrivateFile } from '@proofgate/daemon';
import { encodePem } from '@proofgate/evidence';

import type { CommandContext } from '../context.ts';
import { CliError } from '../errors.ts';
import { readBytes, readCertificates } from '../input/input-file.ts';
import { readKeyFile } from '../input/key-file.ts';
import { readPassphrase } from '../input/passphrase.ts';
import { certificateTable } from '../output/certificate-table.ts';
import { describeCertificate } from '../output/describe-certificate.ts';
import { checkAbsent, writeNewFiles } from '../output/new-files.ts';

/** Options of `proofgate ca import`. */
export interface CaImportOptions {
  /** PEM; with `key`, and instead of `pkcs12`. */
  readonly cert?: string;
  readonly key?: string;
  readonly pkcs12?: string;
  readonly out: string;
  readonly passphraseFile?: string;
}

/**
 * Takes over an intermediary that other software made: checks that it can issue leaves, then writes it as
 * `intermediary.pem` and `intermediary.key`, the key as PKCS#8.
 */
export async function caImport(options: CaImportOptions, context: CommandContext): Promise<void> {
  const keyPath = join(options.out, 'intermediary.key');
  const certificatePath = join(options.out, 'intermediary.pem');
  await checkAbsent([keyPath, certificatePath]);
  const { certificates, key } = await readImported(options, context);
  const certificatePem = certificates.map((der) => encodePem('CERTIFICATE', der)).join('');
  const privateKeyPem = encodePrivateKey(key);
  const issuer = loadIssuer({ certificatePem, privateKeyPem, at: context.now() });
  await writeNewFiles(options.out, [
    { path: keyPath, content: privateKeyPem, mode: 0o600 },
    { path: certificatePath, content: certificatePem, mode: 0o644 },
  ]);
  context.terminal.out(certificateTable(describeCertificate(issuer.certificate)));
}

interface Imported {
  readonly certificates: readonly Uint8Array[];
  readonly key: KeyObject;
}

async function readImported(
  { cert, key, pkcs12, passphraseFile }: CaImportOptions,
  context: CommandContext,
): Promise<Imported> {
  const source = { ...context, file: passphraseFile };
  if (pkcs12 !== undefined && cert === undefined && key === undefined) {
    const file = await readBytes(pkcs12);
    await assertPrivateFile(pkcs12);
    const passphrase = await readPassphrase(source, 'existing');
    // Loaded here: nothing but this import ever needs it.
    const { readPkcs12 } = await import('@proofgate/ca/operator');
    const { privateKey, certificates } = readPkcs12(file, passphrase);
    return { certificates, key: privateKey };
  }
  if (cert === undefined || key === undefined || pkcs12 !== undefined) {
    throw new CliError('ERR_CLI_USAGE', 'use --cert with --key, or --pkcs12');
  }
  return { certificates: await readCertificates(cert), key: await readKeyFile(key, source) };
}
