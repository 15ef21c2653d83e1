// SPDX-License-Identifier: Apache-2.0
import { LauncherError } from '../../errors.ts';

/** The directory of images cannot be used; another try may find it well. */
export function storeFailure(path: string, cause: unknown): LauncherError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LauncherError('ERR_LAUNCHER_IMAGE_STORE_FAILED', `${path} cannot be used: ${reason}`, {
    hint: 'check that the disk is neither full nor read-only',
    cause,
  });
}

/** The value, or `undefined` when the file is not there. */
export async function unlessMissing<T>(act: Promise<T>): Promise<T | undefined> {
  try {
    return await act;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
