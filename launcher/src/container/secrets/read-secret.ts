// SPDX-License-Identifier: Apache-2.0
import { constants, type Stats } from 'node:fs';
import { open, readlink, realpath, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerSecret } from '@proofgate/api';
import { LauncherError } from '../../errors.ts';
import { isAtOrBelow } from '../mount-targets.ts';

/** Largest secret: a key store or a bundle of certificates fits. */
export const MAX_SECRET_BYTES: number = 1024 * 1024;

/** Bits that let the group or others at a file. */
const OPEN_TO_OTHERS = 0o077;

/**
 * Reads a secret from the VM. The checks are made on the open file, so that what was checked is what is read.
 *
 * @param workload - its name, for messages
 * @param secret - which one
 * @param directory - absolute path; the file has to be below it when all links have been followed, because whoever may
 *   load a workload would otherwise get at any file of the VM, the CA's key among them
 * @returns its content
 * @throws LauncherError ERR_LAUNCHER_SECRET_UNREADABLE when the file is missing, elsewhere, empty, too large, no regular
 *   file, or open to others; messages never contain any of the content
 */
export async function readSecret(
  workload: string,
  secret: ContainerSecret,
  directory: string,
): Promise<Uint8Array> {
  const cannotBeOpened = (cause: unknown): never => {
    throw unreadable(workload, secret, 'cannot be opened', { cause });
  };
  // A directory that is not there has no files.
  const allowed = await realpath(directory).catch(() => directory);
  const checkPlace = (path: string): void => {
    if (path !== allowed && isAtOrBelow(path, allowed)) return;
    throw unreadable(workload, secret, 'is not a secret of this VM', {
      expected: join(allowed, '…'),
      seen: path,
      hint: 'move it there, or set platform.containers.secrets_dir',
    });
  };
  const path = await realpath(secret.file).catch(cannotBeOpened);
  // Before it is opened: some devices do something as soon as they are.
  checkPlace(path);
  // Opening a pipe that nobody writes to would wait for ever otherwise.
  const flags =
    constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | constants.O_NOFOLLOW;
  const file = await open(path, flags).catch(cannotBeOpened);
  try {
    // A directory on the way may have become a link meanwhile.
    checkPlace(await readlink(`/proc/self/fd/${String(file.fd)}`));
    checkSecretFile(workload, secret, await file.stat());
    return await readWhole(workload, secret, file);
  } finally {
    await file.close();
  }
}

function checkSecretFile(workload: string, secret: ContainerSecret, found: Stats): void {
  if (!found.isFile()) throw unreadable(workload, secret, 'is not a regular file', {});
  if (found.uid !== 0 && found.uid !== process.geteuid?.()) {
    throw unreadable(workload, secret, 'belongs to another user', {
      expected: 'the launcher’s user or root',
      seen: `user ${String(found.uid)}`,
    });
  }
  if ((found.mode & OPEN_TO_OTHERS) !== 0) {
    throw unreadable(workload, secret, 'is open to others', {
      expected: 'mode 0600 or less',
      seen: `mode 0${(found.mode & 0o777).toString(8)}`,
      hint: `chmod 600 ${secret.file}`,
    });
  }
  if (found.size > MAX_SECRET_BYTES) throw tooLarge(workload, secret, found.size);
}

async function readWhole(
  workload: string,
  secret: ContainerSecret,
  file: FileHandle,
): Promise<Uint8Array> {
  // One byte more than is accepted: the file may have grown since it was looked at.
  const buffer = Buffer.alloc(MAX_SECRET_BYTES + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
    length += bytesRead;
    if (bytesRead === 0) break;
  }
  if (length > MAX_SECRET_BYTES) throw tooLarge(workload, secret, length);
  // An empty secret is a file that somebody has not filled yet.
  if (length === 0) throw unreadable(workload, secret, 'is empty', {});
  const bytes = new Uint8Array(buffer.subarray(0, length));
  buffer.fill(0, 0, length);
  return bytes;
}

function tooLarge(workload: string, secret: ContainerSecret, size: number): LauncherError {
  return unreadable(workload, secret, 'is too large', {
    expected: `at most ${String(MAX_SECRET_BYTES)} bytes`,
    seen: String(size),
  });
}

function unreadable(
  workload: string,
  { name, file }: ContainerSecret,
  problem: string,
  details: {
    readonly expected?: string;
    readonly seen?: string;
    readonly hint?: string;
    readonly cause?: unknown;
  },
): LauncherError {
  const message = `${file}, secret ${name} of workload ${workload}, ${problem}`;
  return new LauncherError('ERR_LAUNCHER_SECRET_UNREADABLE', message, details);
}
