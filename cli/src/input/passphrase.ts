// SPDX-License-Identifier: Apache-2.0
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { InputStream, WatchedStream } from '../context.ts';
import { CliError } from '../errors.ts';
import { readSecret } from './input-file.ts';

/** Environment variable that may hold the passphrase of a CA key, for unattended use. */
export const PASSPHRASE_VARIABLE = 'PROOFGATE_CA_PASSPHRASE';

/** Where a passphrase may come from. It is never an argument value: arguments are visible to every process. */
export interface PassphraseSource {
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: InputStream;
  readonly stderr: WatchedStream;
}

/**
 * Reads a passphrase from the file, the environment or a prompt, in that order.
 *
 * @param purpose a prompt asks twice for a passphrase that is being chosen
 * @throws CliError `ERR_CLI_FILE`; `ERR_CLI_USAGE` when there is none and nobody to ask; DaemonError
 *   `ERR_DAEMON_FILE_NOT_PRIVATE`
 */
export async function readPassphrase(
  source: PassphraseSource,
  purpose: 'existing' | 'chosen',
): Promise<string> {
  if (source.file !== undefined) return (await readSecret(source.file)).replace(/\r?\n$/u, '');
  const fromEnvironment = source.env[PASSPHRASE_VARIABLE];
  if (fromEnvironment !== undefined) return fromEnvironment;
  if (source.stdin.isTTY !== true) {
    throw new CliError('ERR_CLI_USAGE', 'a passphrase is needed and there is no terminal to ask', {
      hint: `use --passphrase-file or the variable ${PASSPHRASE_VARIABLE}`,
    });
  }
  const first = await ask(source, 'Passphrase of the CA key: ');
  if (purpose === 'chosen' && (await ask(source, 'The same again: ')) !== first) {
    throw new CliError('ERR_CLI_USAGE', 'the two passphrases differ');
  }
  return first;
}

async function ask({ stdin, stderr }: PassphraseSource, question: string): Promise<string> {
  stderr.write(question);
  // A sink instead of stderr: readline echoes what is typed to its output.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: stdin, output: silent, terminal: true });
  const givenUp = new AbortController();
  const giveUp = (): void => {
    givenUp.abort();
  };
  // Without these, a question that ends with Ctrl-C or Ctrl-D is never settled.
  prompt.once('SIGINT', giveUp).once('close', giveUp);
  try {
    return await prompt.question('', { signal: givenUp.signal });
  } catch (cause) {
    throw new CliError('ERR_CLI_USAGE', 'no passphrase was given', { cause });
  } finally {
    prompt.close();
    stderr.write('\n');
  }
}
