// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DaemonError, readBoundedFile } from '@proofgate/daemon';
import { decodePem, fromUtf8, sha256, toBase64, toHex } from '@proofgate/evidence';
import { CaError } from '../errors.ts';
import type { JournalEntry } from '../journal/journal-entry.ts';
import { CA_FILES } from './ca-files.ts';
import { isCode } from './error-code.ts';

/** A certificate of ours takes about 700 bytes. */
const MAX_CERTIFICATE_BYTES = 131_072;

/** A million revoked certificates. */
const MAX_LIST_BYTES = 64 * 1024 * 1024;

/** How certificates that were issued are named. */
const CERTIFICATE_FILE = /^(.+)\.pem$/;

/** What a CA has given out, as its directory shows it. */
export interface ReleasedFiles {
  /** DER in base64 by serial number in hex; the empty text for a file that holds no certificate. */
  readonly certificates: ReadonlyMap<string, string>;
  /** SHA-256 in hex of the revocation list. */
  readonly list: string | undefined;
}

/**
 * Reads what the directory of a CA shows to have been released. Who does not hold the lock has to read this before the
 * journal: lines are written before files, so that the journal then has whatever is found here.
 *
 * @param directory - of the CA
 * @throws DaemonError for a file that cannot be read
 */
export async function readReleased(directory: string): Promise<ReleasedFiles> {
  const folder = join(directory, CA_FILES.issued);
  const certificates = new Map<string, string>();
  for (const name of await namesIn(folder)) {
    const [, serial] = CERTIFICATE_FILE.exec(name) ?? [];
    if (serial !== undefined) certificates.set(serial, await readCertificate(join(folder, name)));
  }
  const list = await readIfThere(join(directory, CA_FILES.crlDer), MAX_LIST_BYTES);
  return { certificates, list: list === undefined ? undefined : toHex(sha256(list)) };
}

/**
 * Checks that a journal knows whatever was released. A journal that was lost, replaced or shortened does not, and must
 * not be continued: its CA would forget what it has issued and revoked, and number its lists again.
 *
 * @param released - from {@link readReleased}
 * @param entries - of the journal
 * @throws CaError `ERR_CA_JOURNAL_INVALID`, naming the file
 */
export function checkReleased(released: ReleasedFiles, entries: readonly JournalEntry[]): void {
  const events = entries.map(({ event }) => event);
  const issued = new Map(
    events.flatMap((event) =>
      event.type === 'issue' ? [[event.serial, event.certificate] as const] : [],
    ),
  );
  for (const [serial, certificate] of released.certificates) {
    const journalled = issued.get(serial);
    const file = `${CA_FILES.issued}/${serial}.pem`;
    if (journalled === undefined) throw unknown(file, `${String(issued.size)} other certificates`);
    if (journalled !== certificate) throw unknown(file, 'another certificate with that number');
  }
  // Numbers only grow, so that a list which has its line is neither newer than the journal nor another one.
  const lists = events.flatMap((event) => (event.type === 'crl' ? [event] : []));
  const { list } = released;
  if (list !== undefined && !lists.some((event) => event.sha256 === list)) {
    throw unknown(CA_FILES.crlDer, `lists up to number ${String(lists.at(-1)?.number ?? 0)}`);
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  }
}

async function readCertificate(path: string): Promise<string> {
  const bytes = await readBoundedFile(path, MAX_CERTIFICATE_BYTES);
  try {
    const [certificate, ...others] = decodePem(fromUtf8(bytes), 'CERTIFICATE');
    return certificate === undefined || others.length > 0 ? '' : toBase64(certificate);
  } catch {
    // No certificate is no journalled one either: the check says so, with the name of the file.
    return '';
  }
}

async function readIfThere(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    return await readBoundedFile(path, maxBytes);
  } catch (error) {
    if (error instanceof DaemonError && error.code === 'ERR_DAEMON_FILE_MISSING') return undefined;
    throw error;
  }
}

function unknown(file: string, seen: string): CaError {
  return new CaError('ERR_CA_JOURNAL_INVALID', `the journal does not have ${file}`, {
    expected: 'a journal with everything that was released',
    seen,
    hint: `the journal was lost, shortened or replaced: restore ${CA_FILES.journal} from a backup`,
  });
}
