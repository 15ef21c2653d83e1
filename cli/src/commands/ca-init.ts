// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { encodePrivateKey, encryptPrivateKey } from '@proofgate/ca';
import type { KeyType } from '@proofgate/ca/authorities';
import { encodePem, sha256, toHex } from '@proofgate/evidence';

import type { CommandContext } from '../context.ts';
import { withCa } from '../input/open-ca.ts';
import { readPassphrase } from '../input/passphrase.ts';
import { checkAbsent, writeNewFiles } from '../output/new-files.ts';
import { table } from '../output/table.ts';

/** Options of `proofgate ca init`. */
export interface CaInitOptions {
  readonly out: string;
  readonly name: string;
  readonly keyType: KeyType;
  readonly days: number;
  /** False with `--no-passphrase`: the key is written in the clear. */
  readonly passphrase: boolean;
  readonly passphraseFile?: string;
}

/** Makes a root CA: `root.pem` for everyone who verifies, `root.key` for a safe place. */
export async function caInit(options: CaInitOptions, context: CommandContext): Promise<void> {
  const certificatePath = join(options.out, 'root.pem');
  const keyPath = join(options.out, 'root.key');
  // What another CA has left there would make its journal, which this one needs, one that cannot be begun.
  const traces = ['journal.jsonl', 'root.crl', 'issued'].map((name) => join(options.out, name));
  await checkAbsent([certificatePath, keyPath, ...traces]);
  const passphrase = options.passphrase
    ? await readPassphrase({ ...context, file: options.passphraseFile }, 'chosen')
    : undefined;
  // Loaded here, because `proofgate proxy` shares this program and must not load what only makes CAs.
  const { createRoot } = await import('@proofgate/ca/authorities');
  const root = await createRoot({
    commonName: options.name,
    keyType: options.keyType,
    days: options.days,
    at: context.now(),
  });
  const key =
    passphrase === undefined
      ? encodePrivateKey(root.privateKey)
      : await encryptPrivateKey(root.privateKey, passphrase);
  await writeNewFiles(options.out, [
    { path: keyPath, content: key, mode: 0o600 },
    { path: certificatePath, content: encodePem('CERTIFICATE', root.certificate), mode: 0o644 },
  ]);
  // The journal begins with the root, before anything is signed with it.
  await withCa(options.out, context, () => Promise.resolve());
  context.terminal.out(
    table([
      ['root', certificatePath],
      ['key', `${keyPath} (${passphrase === undefined ? 'not encrypted' : 'encrypted'})`],
      ['sha256', toHex(sha256(root.certificate))],
    ]),
  );
}
