// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { readBoundedFile, writeFileAtomic } from '@proofgate/daemon';
import { fromUtf8 } from '@proofgate/evidence';
import { flushDirectory } from '../journal/flush-directory.ts';
import { isCode } from './error-code.ts';
import { removeTemporaryFiles } from './temporary-files.ts';

/** Names in the directory that a machine's intermediary is written to. */
const CURRENT = 'current';
const GENERATIONS = 'generations';

/** A certificate, or a key, of ours takes about 700 bytes. */
const MAX_FILE_BYTES = 131_072;

/** The files of one intermediary; the same names lead to the current one. */
export const INTERMEDIARY_FILES = {
  certificate: 'intermediary.pem',
  key: 'intermediary.key',
} as const;

/** One intermediary with its key. */
export interface Generation {
  /** Content octets of the serial number in hex. */
  readonly serial: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

/**
 * Writes an intermediary beside the current one. Key and certificate of all generations live in directories of their
 * own, so that which one is current is a single link, which is replaced as a whole.
 *
 * @param out - the directory
 * @param generation - the intermediary
 * @throws DaemonError `ERR_DAEMON_FILE_WRITE`
 */
export async function writeGeneration(out: string, generation: Generation): Promise<void> {
  await removeLeftovers(out);
  const directory = join(out, GENERATIONS, generation.serial);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await flushDirectory(join(out, GENERATIONS));
  await flushDirectory(out);
  await writeFileAtomic(join(directory, INTERMEDIARY_FILES.key), generation.keyPem, {
    mode: 0o600,
  });
  await writeFileAtomic(
    join(directory, INTERMEDIARY_FILES.certificate),
    generation.certificatePem,
    {
      mode: 0o644,
    },
  );
}

/**
 * Reads an intermediary that {@link writeGeneration} wrote.
 *
 * @param out - the directory
 * @param serial - its serial number in hex
 * @throws DaemonError `ERR_DAEMON_FILE_MISSING`, `ERR_DAEMON_FILE_UNREADABLE`, `ERR_DAEMON_FILE_TOO_LARGE`
 */
export async function readGeneration(out: string, serial: string): Promise<Generation> {
  const directory = join(out, GENERATIONS, serial);
  const read = async (name: string): Promise<string> =>
    fromUtf8(await readBoundedFile(join(directory, name), MAX_FILE_BYTES));
  return {
    serial,
    certificatePem: await read(INTERMEDIARY_FILES.certificate),
    keyPem: await read(INTERMEDIARY_FILES.key),
  };
}

/**
 * Makes an intermediary the current one: `intermediary.pem` and `intermediary.key` are from now on its files, both at
 * the same moment.
 *
 * @param out - the directory
 * @param serial - of an intermediary that {@link writeGeneration} wrote
 */
export async function makeCurrent(out: string, serial: string): Promise<void> {
  await removeLeftovers(out);
  await replaceLink(join(out, CURRENT), join(GENERATIONS, serial));
  for (const name of Object.values(INTERMEDIARY_FILES)) {
    const path = join(out, name);
    if ((await linkTarget(path)) !== join(CURRENT, name)) {
      await replaceLink(path, join(CURRENT, name));
    }
  }
  // Whoever hears that it is current removes the one before: that must not outlast the link.
  await flushDirectory(out);
}

/**
 * Which intermediary is the current one.
 *
 * @param out - the directory
 * @returns its serial number in hex; `undefined` when there is none
 */
export async function currentSerial(out: string): Promise<string | undefined> {
  const target = await linkTarget(join(out, CURRENT));
  return target?.split('/').at(-1);
}

/**
 * Removes an intermediary with its key.
 *
 * @param out - the directory
 * @param serial - of an intermediary that is not the current one
 */
export async function removeGeneration(out: string, serial: string): Promise<void> {
  const generations = join(out, GENERATIONS);
  await rm(join(generations, serial), { recursive: true, force: true });
  await flushDirectory(generations).catch((error: unknown) => {
    if (!isCode(error, 'ENOENT')) throw error;
  });
}

/** What a write that was cut off by a crash has left: half a key is one of these, and nothing else ever is. */
async function removeLeftovers(out: string): Promise<void> {
  const generations = join(out, GENERATIONS);
  const serials = await readdir(generations).catch(() => []);
  const directories = [out, ...serials.map((serial) => join(generations, serial))];
  for (const directory of directories) await removeTemporaryFiles(directory);
}

async function linkTarget(path: string): Promise<string | undefined> {
  return readlink(path).catch(() => undefined);
}

/** A link cannot be changed; a new one is renamed over it. */
async function replaceLink(path: string, target: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  await symlink(target, temporary);
  await rename(temporary, path);
}
