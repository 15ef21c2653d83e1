// SPDX-License-Identifier: Apache-2.0
import { access } from 'node:fs/promises';
import { ensureDir, writeFileAtomic } from '@proofgate/daemon';

import { CliError } from './errors.ts';

/** A file to be written: path, content and permission bits. */
export interface NewFile {
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

/**
 * Writes files that must not exist yet; checks all of them before the first is written.
 *
 * @throws CliError `ERR_CLI_FILE_EXISTS`
 */
export async function writeNewFiles(directory: string, files: readonly NewFile[]): Promise<void> {
  for (const { path } of files) {
    if (await exists(path)) {
      throw new CliError('ERR_CLI_FILE_EXISTS', `${path} exists already and is left as it is`, {
        hint: 'choose another directory or name, or move the file away',
      });
    }
  }
  await ensureDir(directory, 0o700);
  for (const { path, content, mode } of files) await writeFileAtomic(path, content, { mode });
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
