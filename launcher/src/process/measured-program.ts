// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { canonicalJson } from '@proofgate/evidence';
import { LauncherError } from '../errors.ts';

/** Largest file that is hashed, so that a device-like or runaway file cannot keep the launcher from starting. */
export const MAX_MEASURED_FILE_BYTES: number = 1024 * 1024 * 1024;

/** What a process workload executes, as far as its command line names it. */
export interface MeasuredProgram {
  /** SHA-256 in hex over the canonical JSON of the command and the files; the workload's image digest. */
  readonly digest: string;
  /** Regular files that the command line names by absolute path, in its order, each once. */
  readonly files: readonly MeasuredFile[];
}

/** A file and what it holds. */
export interface MeasuredFile {
  readonly path: string;
  /** SHA-256 in hex. */
  readonly sha256: string;
}

/**
 * Measures the program of a process workload: the content of every regular file that an argument names by absolute
 * path. A changed script is then a changed digest.
 *
 * This covers what the command line names and nothing else: libraries and modules that the program loads itself, and
 * the time between hashing and executing, are covered only if the files are on the measured, read-only image.
 *
 * @param workload - name of the workload, for messages
 * @param command - the program's absolute path and its arguments
 * @returns the digest and the files it covers
 * @throws LauncherError ERR_LAUNCHER_COMMAND_INVALID when the command does not begin with an absolute path;
 *   ERR_LAUNCHER_FILE_UNREADABLE when the program is missing, or a file is unreadable or too large
 */
export async function measureProgram(
  workload: string,
  command: readonly string[],
): Promise<MeasuredProgram> {
  const [program] = command;
  if (program === undefined || !program.startsWith('/')) {
    throw new LauncherError(
      'ERR_LAUNCHER_COMMAND_INVALID',
      `command of workload ${workload} must begin with the absolute path of a program`,
      {
        expected: 'an absolute path',
        seen: program ?? 'no command',
        hint: 'there is no shell and no PATH: write /usr/bin/node, not node',
      },
    );
  }
  const paths = [...new Set(command.filter((argument) => argument.startsWith('/')))];
  const files: MeasuredFile[] = [];
  for (const path of paths) {
    const sha256 = await hashFile(workload, path, path === program);
    if (sha256 !== undefined) files.push({ path, sha256 });
  }
  const digest = createHash('sha256').update(canonicalJson({ command, files })).digest('hex');
  return { digest, files };
}

async function hashFile(
  workload: string,
  path: string,
  required: boolean,
): Promise<string | undefined> {
  const stats = await stat(path).catch((cause: unknown) => {
    if (required || !isAbsence(cause)) throw unreadable(workload, path, 'cannot be read', cause);
    return undefined;
  });
  if (stats?.isFile() !== true) {
    if (required) throw unreadable(workload, path, 'is not a regular file');
    return undefined;
  }
  if (stats.size > MAX_MEASURED_FILE_BYTES) {
    throw unreadable(workload, path, `has ${String(stats.size)} bytes, more than is measured`);
  }
  const hash = createHash('sha256');
  // The file may have grown since `stat`: one byte too many is read, so that it can be noticed.
  const content = createReadStream(path, { end: MAX_MEASURED_FILE_BYTES });
  await pipeline(content, hash).catch((cause: unknown) => {
    throw unreadable(workload, path, 'cannot be read', cause);
  });
  if (content.bytesRead > MAX_MEASURED_FILE_BYTES) {
    throw unreadable(workload, path, 'has grown beyond what is measured');
  }
  return hash.digest('hex');
}

/** An argument that looks like a path but names nothing, such as a file that the program is to create. */
function isAbsence(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG';
}

function unreadable(
  workload: string,
  path: string,
  problem: string,
  cause?: unknown,
): LauncherError {
  return new LauncherError(
    'ERR_LAUNCHER_FILE_UNREADABLE',
    `${path}, which workload ${workload} runs, ${problem}`,
    { expected: 'a readable regular file', seen: path, cause },
  );
}
