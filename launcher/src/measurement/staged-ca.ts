// SPDX-License-Identifier: Apache-2.0
import { createPublicKey } from 'node:crypto';
import { open, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readPrivateKey } from '@proofgate/ca';
import { DaemonError, readBoundedFile, writeFileAtomic } from '@proofgate/daemon';
import { decodePem, fromUtf8, parseCertificate } from '@proofgate/evidence';

/** Where the files of an intermediary are. */
export interface CaPlaces {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Files of an intermediary that are on disk under other names. */
export interface StagedCa {
  /** Puts them in place, one right after the other. */
  commit(): Promise<void>;
  /** Removes what was not put in place. */
  discard(): Promise<void>;
}

/** What the files are called until they are put in place. */
const STAGED = '.next';
/** A chain of a few certificates, or a key, has some kilobytes. */
const MAX_FILE_BYTES = 262_144;

/**
 * Writes the files of an intermediary beside those of the present one, so that putting them in place is two renames and
 * cannot fail for want of space. Whoever is killed between the two leaves a key without its certificate: see
 * {@link finishCa}.
 *
 * @param places - of the present one
 * @param files - of the new one
 * @throws DaemonError `ERR_DAEMON_FILE_WRITE`; nothing is left then
 */
export async function stageCa(
  { certFile, keyFile }: CaPlaces,
  files: { readonly certificatePem: Uint8Array | string; readonly keyPem: string },
): Promise<StagedCa> {
  const discard = async (): Promise<void> => {
    for (const path of [keyFile, certFile]) await unlink(path + STAGED).catch(() => undefined);
  };
  try {
    await writeFileAtomic(keyFile + STAGED, files.keyPem, { mode: 0o600 });
    await writeFileAtomic(certFile + STAGED, files.certificatePem, { mode: 0o644 });
  } catch (error) {
    await discard();
    throw error;
  }
  return {
    async commit() {
      await putInPlace(keyFile);
      await putInPlace(certFile);
    },
    discard,
  };
}

/**
 * Brings the files of an intermediary in order after whoever replaced them was killed: a replacement that had begun to
 * be put in place is finished, one that had not is forgotten. To be called before anybody reads the files, and while
 * nobody replaces them.
 *
 * @param places - of the files
 * @returns whether a replacement was finished
 * @throws DaemonError for a file that cannot be read; errors of the system
 */
export async function finishCa({ certFile, keyFile }: CaPlaces): Promise<boolean> {
  const certificate = await readPair(certFile);
  const key = await readPair(keyFile);
  let finished = false;
  if (!areFilesOfOne(certificate.present, key.present)) {
    // After a kill the certificate is missing. A loss of power can also leave the key behind, on another file system.
    if (areFilesOfOne(certificate.staged, key.present)) {
      await putInPlace(certFile);
      finished = true;
    } else if (areFilesOfOne(certificate.present, key.staged)) {
      await putInPlace(keyFile);
      finished = true;
    } else {
      return false;
    }
  }
  await removeStaged(certFile);
  await removeStaged(keyFile);
  return finished;
}

async function putInPlace(path: string): Promise<void> {
  await rename(path + STAGED, path);
  const directory = await open(dirname(path));
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

interface FilePair {
  readonly present: string | undefined;
  readonly staged: string | undefined;
}

async function readPair(path: string): Promise<FilePair> {
  return { present: await readIfThere(path), staged: await readIfThere(path + STAGED) };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return fromUtf8(await readBoundedFile(path, MAX_FILE_BYTES));
  } catch (error) {
    if (error instanceof DaemonError && error.code === 'ERR_DAEMON_FILE_MISSING') return undefined;
    throw error;
  }
}

/** Whatever else is wrong with them is for those to say who issue with them. */
function areFilesOfOne(certificatePem: string | undefined, keyPem: string | undefined): boolean {
  if (certificatePem === undefined || keyPem === undefined) return false;
  try {
    const [der] = decodePem(certificatePem, 'CERTIFICATE');
    if (der === undefined) return false;
    const { spki } = parseCertificate(der);
    const publicKey = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    return createPublicKey(readPrivateKey(keyPem)).equals(publicKey);
  } catch {
    return false;
  }
}

/** With what interrupted writes have left: a part of a key is in such a file, and in no other. */
async function removeStaged(path: string): Promise<void> {
  const directory = dirname(path);
  const staged = basename(path) + STAGED;
  // One that may be entered and not listed holds no leftovers that anybody finds.
  const names = await readdir(directory).catch(() => []);
  const isOurs = (name: string): boolean =>
    name === staged || (name.startsWith(`.${staged}.`) && name.endsWith('.tmp'));
  for (const name of names.filter(isOurs)) await unlink(join(directory, name));
}
