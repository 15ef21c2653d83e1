// SPDX-License-Identifier: Apache-2.0
import type { RevocationReason } from '@proofgate/ca/operator';
import { parseCertificate, toHex } from '@proofgate/evidence';

import type { CommandContext } from '../context.ts';
import { readCertificates } from '../input/input-file.ts';
import { throughService, withCa } from '../input/open-ca.ts';
import { table } from '../output/table.ts';

/** Options of `proofgate ca revoke`. */
export interface CaRevokeOptions {
  readonly dir: string;
  readonly reason: RevocationReason;
}

/** Content octets of a serial number in hex, as tables and file names have it. */
const SERIAL = /^([0-9a-f]{2}){1,20}$/iu;

/**
 * Journals that a certificate is not to be trusted any more. A service that runs in the directory does it, and signs a
 * new list at once.
 *
 * @param target a serial number in hex, or a PEM file whose first certificate is meant
 */
export async function caRevoke(
  target: string,
  { dir, reason }: CaRevokeOptions,
  context: CommandContext,
): Promise<void> {
  const serial = SERIAL.test(target) ? target.toLowerCase() : await serialIn(target);
  const list = await throughService(dir, { path: '/v1/revoke', body: { serial, reason } });
  if (list === undefined) await revokeHere(serial, { dir, reason }, context);
  context.terminal.out(
    table([
      ['revoked', serial],
      ['reason', reason],
      list === undefined
        ? ['next', '`proofgate ca crl` signs the list that tells clients']
        : ['list', `number ${String(list.number)}, signed by the service that runs here`],
    ]),
  );
}

async function revokeHere(
  serial: string,
  { dir, reason }: CaRevokeOptions,
  context: CommandContext,
): Promise<void> {
  const { revokeCertificate } = await import('@proofgate/ca/operator');
  await withCa(dir, context, (ca) => revokeCertificate(ca, { serial, reason, at: context.now() }));
}

async function serialIn(path: string): Promise<string> {
  const [first] = await readCertificates(path);
  return toHex(parseCertificate(first).serialNumber);
}
