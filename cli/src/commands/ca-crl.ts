// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

import type { CommandContext } from '../context.ts';
import { withCa } from '../input/open-ca.ts';
import { readRootAuthority } from '../input/root-authority.ts';
import { table } from '../output/table.ts';

/** Options of `proofgate ca crl`. */
export interface CaCrlOptions {
  readonly dir: string;
  readonly days: number;
  readonly passphraseFile?: string;
}

/** Signs the list of everything revoked so far. */
export async function caCrl(options: CaCrlOptions, context: CommandContext): Promise<void> {
  const { dir, days } = options;
  const root = await readRootAuthority(options, context);
  const { CA_FILES, publishRevocations } = await import('@proofgate/ca/operator');
  const { number, revoked } = await withCa(dir, context, (ca) =>
    publishRevocations(ca, { root, days, at: context.now() }),
  );
  context.terminal.out(
    table([
      ['list', `${join(dir, CA_FILES.crlDer)} (DER), ${join(dir, CA_FILES.crlPem)} (PEM)`],
      ['number', String(number)],
      ['revoked', String(revoked)],
      ['next', `sign another one within ${String(days)} days, or clients refuse this one as stale`],
    ]),
  );
}
