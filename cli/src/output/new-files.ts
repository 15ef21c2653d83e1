// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { link, lstat, mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomic } from '@proofgate/daemon';

import { CliError } from '../errors.ts';

/** A file to be written: path, content and permission bits. */
export interface NewFile {
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

/**
 * Writes files that must not exist yet; checks all of them before the first is written.
 *
 * @param directory made for its owner alone when it is missing; one that exists keeps its mode
 * @throws CliError `ERR_CLI_FILE_EXISTS`, `ERR_CLI_FILE`; DaemonError `ERR_DAEMON_FILE_WRITE`
 */
export async function writeNewFiles(directory: string, files: readonly NewFile[]): Promise<void> {
  await checkAbsent(files.map(({ path }) => path));
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new CliError('ERR_CLI_FILE', `cannot make the directory ${directory}`, { cause });
  }
  for (const file of files) await writeNew(file);
}

/** A link never takes the place of a file, as a rename does: another command may have written it in the meantime. */
async function writeNew({ path, content, mode }: NewFile): Promise<void> {
  const staged = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  await writeFileAtomic(staged, content, { mode });
  try {
    await link(staged, path);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') throw existing(path);
    throw new CliError('ERR_CLI_FILE', `cannot write ${path}`, { cause });
  } finally {
    await unlink(staged);
  }
  const directory = await open(dirname(path));
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/**
 * Makes sure that files do not exist yet, before anybody is asked for anything.
 *
 * @throws CliError `ERR_CLI_FILE_EXISTS`
 */
export async function checkAbsent(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    if (await exists(path)) throw existing(path);
  }
}

function existing(path: string): CliError {
  return new CliError('ERR_CLI_FILE_EXISTS', `${path} exists already and is left as it is`, {
    hint: 'choose another directory or name, or move the file away',
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}
