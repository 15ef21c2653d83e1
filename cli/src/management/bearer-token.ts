// SPDX-License-Identifier: Apache-2.0
import { CliError } from '../errors.ts';
import { readSecret } from '../input/input-file.ts';

/** Environment variable that may hold the token for the management API. */
export const TOKEN_VARIABLE = 'PROOFGATE_TOKEN';

/** RFC 6750, section 2.1: what a token may consist of, which also keeps it inside of its header. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/u;

/**
 * Reads the token that says who is asking, from a file or the environment. It is never an argument value: arguments are
 * visible to every process.
 *
 * @param file - readable by its owner alone
 * @throws CliError `ERR_CLI_USAGE` when there is none, or it is no token; `ERR_CLI_FILE`; DaemonError
 *   `ERR_DAEMON_FILE_NOT_PRIVATE`
 */
export async function readToken(
  file: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const text = file === undefined ? env[TOKEN_VARIABLE] : await readSecret(file);
  if (text === undefined) {
    throw new CliError('ERR_CLI_USAGE', 'a VM that is reached by its URL wants a token', {
      hint: `use --token-file or the variable ${TOKEN_VARIABLE}`,
    });
  }
  const token = text.trim();
  if (TOKEN.test(token)) return token;
  throw new CliError('ERR_CLI_USAGE', 'the token has characters that no token has', {
    expected: 'the token alone, as the issuer gave it',
  });
}
