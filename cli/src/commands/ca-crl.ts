// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { PublishedList } from '@proofgate/ca/operator';

import type { CommandContext } from '../context.ts';
import { throughService, withCa } from '../input/open-ca.ts';
import { readRootAuthority } from '../input/root-authority.ts';
import { table } from '../output/table.ts';

/** Options of `proofgate ca crl`. */
export interface CaCrlOptions {
  readonly dir: string;
  readonly days: number;
  readonly passphraseFile?: string;
}

/** Signs the list of everything revoked so far. A service that runs in the directory does it, as it is configured. */
export async function caCrl(options: CaCrlOptions, context: CommandContext): Promise<void> {
  const { dir, days } = options;
  const ordered = await throughService(dir, { path: '/v1/crl' });
  const { CA_FILES } = await import('@proofgate/ca/operator');
  const { number, revoked } = ordered ?? (await signHere(options, context));
  const next =
    ordered === undefined
      ? `sign another one within ${String(days)} days, or clients refuse this one as stale`
      : 'the service that runs here signs another one every day';
  context.terminal.out(
    table([
      ['list', `${join(dir, CA_FILES.crlDer)} (DER), ${join(dir, CA_FILES.crlPem)} (PEM)`],
      ['number', String(number)],
      ['revoked', String(revoked)],
      ['next', next],
    ]),
  );
}

async function signHere(options: CaCrlOptions, context: CommandContext): Promise<PublishedList> {
  const { dir, days } = options;
  const root = await readRootAuthority(options, context);
  const { publishRevocations } = await import('@proofgate/ca/operator');
  return withCa(dir, context, (ca) => publishRevocations(ca, { root, days, at: context.now() }));
}
