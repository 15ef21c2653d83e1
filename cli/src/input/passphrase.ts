// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

import { CliError } from './errors.ts';

/** Environment variable that may hold the passphrase of a CA key, for unattended use. */
export const PASSPHRASE_VARIABLE = 'PROOFGATE_CA_PASSPHRASE';

/** Shorter passphrases do not protect a root key against guessing. */
const MIN_LENGTH = 8;

/** Where a passphrase may come from. It is never an argument value: arguments are visible to every process. */
export interface PassphraseSource {
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
}

/**
 * Reads a passphrase from the file, the environment or a prompt, in that order.
 *
 * @param confirm whether a prompt asks twice, for a passphrase that is being chosen
 * @throws CliError `ERR_CLI_USAGE` when there is none and nobody to ask, or when it is too short
 */
export async function readPassphrase(source: PassphraseSource, confirm: boolean): Promise<string> {
  const passphrase = await findPassphrase(source, confirm);
  if (passphrase.length < MIN_LENGTH) {
    throw new CliError('ERR_CLI_USAGE', 'the passphrase is too short', {
      expected: `at least ${String(MIN_LENGTH)} characters`,
    });
  }
  return passphrase;
}

async function findPassphrase(source: PassphraseSource, confirm: boolean): Promise<string> {
  if (source.file !== undefined) {
    const text = await readFile(source.file, 'utf8').catch((cause: unknown) => {
      throw new CliError('ERR_CLI_FILE', `cannot read the passphrase file ${source.file ?? ''}`, {
        cause,
      });
    });
    return text.replace(/\r?\n$/u, '');
  }
  const fromEnvironment = source.env[PASSPHRASE_VARIABLE];
  if (fromEnvironment !== undefined) return fromEnvironment;
  if (!source.stdin.isTTY) {
    throw new CliError('ERR_CLI_USAGE', 'a passphrase is needed and there is no terminal to ask', {
      hint: `use --passphrase-file, the variable ${PASSPHRASE_VARIABLE}, or --no-passphrase for a throw-away key`,
    });
  }
  const first = await ask(source, 'Passphrase of the CA key: ');
  if (confirm && (await ask(source, 'The same again: ')) !== first) {
    throw new CliError('ERR_CLI_USAGE', 'the two passphrases differ');
  }
  return first;
}

async function ask(source: PassphraseSource, question: string): Promise<string> {
  source.stderr.write(question);
  // A sink instead of stderr: readline echoes what is typed to its output.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: source.stdin, output: silent, terminal: true });
  try {
    return await prompt.question('');
  } finally {
    prompt.close();
    source.stderr.write('\n');
  }
}
