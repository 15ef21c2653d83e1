// SPDX-License-Identifier: Apache-2.0
import { parseCertificate } from '@proofgate/evidence';

import { certificateTable } from '../certificate-table.ts';
import type { CommandContext } from '../context.ts';
import { describeCertificate } from '../describe-certificate.ts';
import { readCertificates } from '../input-file.ts';

/** Options of `proofgate ca show`. */
export interface CaShowOptions {
  readonly json?: boolean;
}

/** Shows the certificates of a PEM file: names, constraints, validity, fingerprints. */
export async function caShow(
  file: string,
  options: CaShowOptions,
  { terminal }: CommandContext,
): Promise<void> {
  const chain = (await readCertificates(file)).map((der) =>
    describeCertificate(parseCertificate(der)),
  );
  terminal.out(
    options.json === true
      ? JSON.stringify({ certificates: chain }, null, 2)
      : chain.map(certificateTable).join('\n\n'),
  );
}
