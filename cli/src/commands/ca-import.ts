// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { encodePrivateKey, loadIssuer } from '@proofgate/ca';
import { encodePem } from '@proofgate/evidence';

import type { CommandContext } from '../context.ts';
import { readCertificates } from '../input/input-file.ts';
import { readKeyFile } from '../input/key-file.ts';
import { certificateTable } from '../output/certificate-table.ts';
import { describeCertificate } from '../output/describe-certificate.ts';
import { checkAbsent, writeNewFiles } from '../output/new-files.ts';

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
  const keyPath = join(options.out, 'intermediary.key');
  const certificatePath = join(options.out, 'intermediary.pem');
  await checkAbsent([keyPath, certificatePath]);
  const chain = await readCertificates(options.cert);
  const certificatePem = chain.map((der) => encodePem('CERTIFICATE', der)).join('');
  const key = await readKeyFile(options.key, { ...context, file: options.passphraseFile });
  const privateKeyPem = encodePrivateKey(key);
  const issuer = loadIssuer({ certificatePem, privateKeyPem, at: context.now() });
  await writeNewFiles(options.out, [
    { path: keyPath, content: privateKeyPem, mode: 0o600 },
    { path: certificatePath, content: certificatePem, mode: 0o644 },
  ]);
  context.terminal.out(certificateTable(describeCertificate(issuer.certificate)));
}
