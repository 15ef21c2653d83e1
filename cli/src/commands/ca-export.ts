// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

import type { CommandContext } from '../context.ts';
import { readCertificates } from '../input/input-file.ts';
import { jsonText } from '../output/printable.ts';

/** Options of `proofgate ca export`. */
export interface CaExportOptions {
  readonly dir: string;
  readonly format: 'pem' | 'jwks';
  /** Further files with roots that are to be trusted as well, for the time of a change. */
  readonly also: readonly string[];
}

/** Prints what clients have to trust. */
export async function caExport(
  { dir, format, also }: CaExportOptions,
  { terminal }: CommandContext,
): Promise<void> {
  const roots = await readCertificates(join(dir, 'root.pem'));
  for (const path of also) roots.push(...(await readCertificates(path)));
  const { trustBundleJwks, trustBundlePem } = await import('@proofgate/ca/operator');
  terminal.out(
    format === 'pem' ? trustBundlePem(roots).trimEnd() : jsonText(trustBundleJwks(roots)),
  );
}
