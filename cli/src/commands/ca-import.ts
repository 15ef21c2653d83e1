// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { encodePrivateKey, loadIssuer, readPrivateKey } from '@proofgate/ca';
import { assertPrivateFile } from '@proofgate/daemon';
import { encodePem } from '@proofgate/evidence';

import { certificateTable } from '../certificate-table.ts';
import type { CommandContext } from '../context.ts';
import { describeCertificate } from '../describe-certificate.ts';
import { readCertificates, readText } from '../input-file.ts';
import { writeNewFiles } from '../new-files.ts';
import { readPassphrase } from '../passphrase.ts';

/** Options of `proofgate ca import`. */
export interface CaImportOptions {
  readonly cert: string;
  readonly key: string;
  readonly out: string;
  readonly passphraseFile?: string;
}

/**
 * Takes over an intermediary that other software made: checks that it can issue leaves, then writes it as
 * `intermediary.pem` and `intermediary.key`, the key as PKCS#8.
 */
export async function caImport(options: CaImportOptions, context: CommandContext): Promise<void> {
  await assertPrivateFile(options.key);
  const certificatePem = await readText(options.cert);
  const privateKeyPem = await readText(options.key);
  const encrypted = /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/u.test(privateKeyPem);
  const passphrase = encrypted
    ? { passphrase: await readPassphrase({ ...context, file: options.passphraseFile }, false) }
    : {};
  const issuer = loadIssuer({ certificatePem, privateKeyPem, ...passphrase, at: context.now() });
  const certificates = await readCertificates(options.cert);
  await writeNewFiles(options.out, [
    {
      path: join(options.out, 'intermediary.key'),
      content: encodePrivateKey(readPrivateKey(privateKeyPem, passphrase.passphrase)),
      mode: 0o600,
    },
    {
      path: join(options.out, 'intermediary.pem'),
      content: certificates.map((der) => encodePem('CERTIFICATE', der)).join(''),
      mode: 0o644,
    },
  ]);
  context.terminal.out(certificateTable(describeCertificate(issuer.certificate)));
}
