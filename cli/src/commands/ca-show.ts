// SPDX-License-Identifier: Apache-2.0
import { parseCertificate } from '@proofgate/evidence';

import type { CommandContext } from '../context.ts';
import { readCertificates } from '../input/input-file.ts';
import { certificateTable } from '../output/certificate-table.ts';
import { describeCertificate } from '../output/describe-certificate.ts';
import { jsonText } from '../output/printable.ts';

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
      ? jsonText({ certificates: chain })
      : chain.map(certificateTable).join('\n\n'),
  );
}
