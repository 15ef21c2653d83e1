// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { encodePrivateKey } from '@proofgate/ca';
import type { CaIdentity, KeyType } from '@proofgate/ca/authorities';
import { encodePem, sha256, toHex } from '@proofgate/evidence';

import type { CommandContext } from '../context.ts';
import { readCertificates } from '../input/input-file.ts';
import { readKeyFile } from '../input/key-file.ts';
import { checkAbsent, writeNewFiles } from '../output/new-files.ts';
import { table } from '../output/table.ts';

/** Options of `proofgate ca intermediary`. */
export interface CaIntermediaryOptions {
  readonly dir: string;
  /** Default: {@link CaIntermediaryOptions.dir}. */
  readonly out?: string;
  readonly domain: readonly [string, ...string[]];
  readonly ip: readonly string[];
  readonly name?: string;
  readonly keyType: KeyType;
  readonly days: number;
  readonly passphraseFile?: string;
}

/**
 * Makes the intermediary of one machine from the root in `--dir`: path length 0 and critical name constraints, so that
 * whoever holds its key can sign for that machine's names and nothing else.
 */
export async function caIntermediary(
  options: CaIntermediaryOptions,
  context: CommandContext,
): Promise<void> {
  const directory = options.out ?? options.dir;
  const certificatePath = join(directory, 'intermediary.pem');
  const keyPath = join(directory, 'intermediary.key');
  await checkAbsent([certificatePath, keyPath]);
  const root = await readRoot(options, context);
  // Loaded here, because `proofgate proxy` shares this program and must not load what only makes CAs.
  const { createIntermediary } = await import('@proofgate/ca/authorities');
  const intermediary = await createIntermediary({
    root,
    commonName: options.name ?? `Proofgate intermediary ${options.domain[0]}`,
    permittedDomains: options.domain,
    permittedIps: options.ip,
    keyType: options.keyType,
    days: options.days,
    at: context.now(),
  });
  const certificatePem = encodePem('CERTIFICATE', intermediary.certificate);
  await writeNewFiles(directory, [
    { path: keyPath, content: encodePrivateKey(intermediary.privateKey), mode: 0o600 },
    { path: certificatePath, content: certificatePem, mode: 0o644 },
  ]);
  context.terminal.out(
    table([
      ['intermediary', certificatePath],
      ['key', keyPath],
      ['permitted', [...options.domain, ...options.ip].join(', ')],
      ['sha256', toHex(sha256(intermediary.certificate))],
    ]),
  );
}

async function readRoot(
  { dir, passphraseFile }: CaIntermediaryOptions,
  context: CommandContext,
): Promise<CaIdentity> {
  const [certificate] = await readCertificates(join(dir, 'root.pem'));
  const source = { ...context, file: passphraseFile };
  return { certificate, privateKey: await readKeyFile(join(dir, 'root.key'), source) };
}
