// SPDX-License-Identifier: Apache-2.0
import type { KeyType } from '@proofgate/ca/authorities';
import type { Rotation } from '@proofgate/ca/operator';

import type { CommandContext } from '../context.ts';
import { withCa } from '../input/open-ca.ts';
import { readRootAuthority } from '../input/root-authority.ts';
import { table } from '../output/table.ts';

/** Options of `proofgate ca rotate activate`, `retire` and `abandon`. */
export interface CaRotateOptions {
  readonly dir: string;
  /** Default: {@link CaRotateOptions.dir}. */
  readonly out?: string;
}

/** Options of `proofgate ca rotate prepare`. */
export interface CaRotatePrepareOptions extends CaRotateOptions {
  readonly keyType: KeyType;
  readonly days: number;
  readonly passphraseFile?: string;
}

/** Makes the next intermediary of a machine, with the names and limits of the current one. */
export async function caRotatePrepare(
  options: CaRotatePrepareOptions,
  context: CommandContext,
): Promise<void> {
  const { dir, out = dir, keyType, days } = options;
  const root = await readRootAuthority(options, context);
  const { prepareRotation } = await import('@proofgate/ca/operator');
  const rotation = await withCa(dir, context, (ca) =>
    prepareRotation(ca, { out, root, keyType, days, at: context.now() }),
  );
  show(rotation, 'prepared; `proofgate ca rotate activate` puts it in place', context);
}

/** Puts the prepared intermediary in the place of the current one. */
export async function caRotateActivate(
  { dir, out = dir }: CaRotateOptions,
  context: CommandContext,
): Promise<void> {
  const { activateRotation } = await import('@proofgate/ca/operator');
  const rotation = await withCa(dir, context, (ca) => activateRotation(ca, out, context.now()));
  show(rotation, 'active; `proofgate ca rotate retire` ends the old one', context);
}

/** Revokes the old intermediary and removes its key. */
export async function caRotateRetire(
  { dir, out = dir }: CaRotateOptions,
  context: CommandContext,
): Promise<void> {
  const { retireRotation } = await import('@proofgate/ca/operator');
  const rotation = await withCa(dir, context, (ca) => retireRotation(ca, out, context.now()));
  show(rotation, 'the old one is revoked; `proofgate ca crl` tells clients', context);
}

/** Revokes the prepared intermediary and removes its key. */
export async function caRotateAbandon(
  { dir, out = dir }: CaRotateOptions,
  context: CommandContext,
): Promise<void> {
  const { abandonRotation } = await import('@proofgate/ca/operator');
  const rotation = await withCa(dir, context, (ca) => abandonRotation(ca, out, context.now()));
  show(rotation, 'abandoned: the new one is revoked, the old one stays in place', context);
}

function show(rotation: Rotation, state: string, { terminal }: CommandContext): void {
  terminal.out(
    table([
      ['old', rotation.previous],
      ['new', rotation.serial],
      ['state', state],
    ]),
  );
}
