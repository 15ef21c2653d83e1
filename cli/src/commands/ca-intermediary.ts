// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { encodePrivateKey, readPrivateKey } from '@proofgate/ca';
import type { CaIdentity, KeyType } from '@proofgate/ca/authorities';
import { assertPrivateFile } from '@proofgate/daemon';
import { encodePem, sha256, toHex } from '@proofgate/evidence';

import { readCertificates, readText } from '../input-file.ts';
import type { CommandContext } from '../context.ts';
import { CliError } from '../errors.ts';
import { writeNewFiles } from '../new-files.ts';
import { readPassphrase } from '../passphrase.ts';
import { table } from '../table.ts';

/** Options of `proofgate ca intermediary`. */
export interface CaIntermediaryOptions {
  readonly dir: string;
  readonly out: string;
  readonly domain: readonly string[];
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
  const [first] = options.domain;
  if (first === undefined) {
    throw new CliError('ERR_CLI_USAGE', 'an intermediary needs at least one --domain', {
      hint: 'name the domain under which the hosts of the machine are, such as prod1.example.com',
    });
  }
  const root = await readRoot(options, context);
  // Loaded here, because `proofgate proxy` shares this program and must not load what only makes CAs.
  const { createIntermediary } = await import('@proofgate/ca/authorities');
  const intermediary = await createIntermediary({
    root,
    commonName: options.name ?? `Proofgate intermediary ${first}`,
    permittedDomains: options.domain,
    permittedIps: options.ip,
    keyType: options.keyType,
    days: options.days,
    at: context.now(),
  });
  const certificatePath = join(options.out, 'intermediary.pem');
  const keyPath = join(options.out, 'intermediary.key');
  await writeNewFiles(options.out, [
    { path: keyPath, content: encodePrivateKey(intermediary.privateKey), mode: 0o600 },
    {
      path: certificatePath,
      content: encodePem('CERTIFICATE', intermediary.certificate),
      mode: 0o644,
    },
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
  options: CaIntermediaryOptions,
  context: CommandContext,
): Promise<CaIdentity> {
  const keyPath = join(options.dir, 'root.key');
  const [certificate] = await readCertificates(join(options.dir, 'root.pem'));
  await assertPrivateFile(keyPath);
  const keyPem = await readText(keyPath);
  const passphrase = keyPem.includes('BEGIN ENCRYPTED PRIVATE KEY')
    ? await readPassphrase({ ...context, file: options.passphraseFile }, false)
    : undefined;
  return { certificate, privateKey: readPrivateKey(keyPem, passphrase) };
}
