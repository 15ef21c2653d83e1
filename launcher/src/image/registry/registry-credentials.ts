// SPDX-License-Identifier: Apache-2.0
import { assertPrivateFile, readBoundedFile } from '@proofgate/daemon';
import { LauncherError } from '../../errors.ts';

/** What a registry gets to know who pulls. */
export type RegistryCredentials =
  | { readonly kind: 'password'; readonly basic: string }
  | { readonly kind: 'token'; readonly token: string };

/** The longest tokens, such as those of clouds, have some 4 KiB. */
const MAX_CREDENTIALS_BYTES = 16 * 1024;
/** RFC 6750 section 2.1. */
const TOKEN_PATTERN = /^[A-Za-z0-9._~+/-]+=*$/;

/**
 * Reads the credentials for a registry: one line, `user:password` or a token.
 *
 * @param path - a file that nobody else can read
 * @throws DaemonError when it is missing or open to others; LauncherError ERR_LAUNCHER_REGISTRY_UNAUTHORIZED when it
 *   holds neither
 */
export async function readCredentials(path: string): Promise<RegistryCredentials> {
  await assertPrivateFile(path);
  const bytes = await readBoundedFile(path, MAX_CREDENTIALS_BYTES);
  const line = Buffer.from(bytes)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (isToken(line)) return { kind: 'token', token: line };
  if (line.indexOf(':') > 0 && !/[\r\n\0]/.test(line)) {
    return { kind: 'password', basic: Buffer.from(line).toString('base64') };
  }
  throw new LauncherError('ERR_LAUNCHER_REGISTRY_UNAUTHORIZED', `${path} holds no credentials`, {
    expected: 'one line: user:password, or a token',
    seen: 'something else',
  });
}

/** Whether this can be sent as a bearer token. */
export function isToken(text: string): boolean {
  return text.length <= MAX_CREDENTIALS_BYTES && TOKEN_PATTERN.test(text);
}
