// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readBoundedFile, writeFileAtomic } from '@proofgate/daemon';
import { decodePem, encodePem, fromUtf8, toBase64, toHex } from '@proofgate/evidence';
import { CaError } from '../errors.ts';
import { flushDirectory } from '../journal/flush-directory.ts';
import { Journal } from '../journal/journal.ts';
import { JournalHistory } from '../journal/journal-history.ts';
import type { JournalState } from '../journal/journal-state.ts';
import { CA_FILES } from './ca-files.ts';
import { lockDirectory, type DirectoryLock } from './directory-lock.ts';
import { checkReleased, readReleased } from './released-files.ts';
import { removeTemporaryFiles } from './temporary-files.ts';

export { CA_FILES };

/** A root certificate has some 600 bytes. */
const MAX_ROOT_BYTES = 131_072;

/** The directory of a CA, open for work: nobody else works in it meanwhile. */
export interface OperatorCa {
  readonly directory: string;
  readonly journal: Journal;
  /** What the journal says now: a view that the next call may let grow. */
  state(): JournalState;
  /** Lets others work in the directory again. */
  close(): Promise<void>;
}

/**
 * Opens the directory of a CA. What a crash kept from being released is released now: the journal has it.
 *
 * @param directory - with `root.pem`; a journal is begun where nothing was released yet
 * @param at - the current time
 * @returns the CA, which has to be closed
 * @throws CaError `ERR_CA_LOCKED`, `ERR_CA_JOURNAL_INVALID`, `ERR_CA_JOURNAL_FAILED`, `ERR_CA_CERTIFICATE_UNREADABLE`;
 *   DaemonError for a file that cannot be read or written
 */
export async function openOperatorCa(directory: string, at: Date): Promise<OperatorCa> {
  const root = await readRoot(join(directory, CA_FILES.root));
  const lock = await lockDirectory(directory);
  try {
    return await open(directory, root, lock, at);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function open(
  directory: string,
  root: Uint8Array,
  lock: DirectoryLock,
  at: Date,
): Promise<OperatorCa> {
  await removeTemporaryFiles(directory);
  await removeTemporaryFiles(join(directory, CA_FILES.issued));
  const released = await readReleased(directory);
  const journal = await Journal.open(join(directory, CA_FILES.journal), {
    check: (entries) => {
      checkReleased(released, entries);
    },
  });
  if (journal.entries.length === 0) {
    await journal.append({ type: 'init', root: toBase64(root) }, at);
  }
  const history = new JournalHistory();
  const state = history.state(journal.entries);
  if (Buffer.compare(state.root.raw, root) !== 0) {
    throw new CaError('ERR_CA_JOURNAL_INVALID', 'the journal is that of another CA', {
      expected: state.root.subject.text,
      seen: `another certificate in ${CA_FILES.root}`,
    });
  }
  await releaseIssued(directory, state);
  return {
    directory,
    journal,
    state: () => history.state(journal.entries),
    close: () => lock.release(),
  };
}

/**
 * Writes a certificate that is in the journal where the CA keeps what it has issued.
 *
 * @param directory - of the CA
 * @param certificate - DER
 * @param serial - its serial number in hex
 * @throws DaemonError `ERR_DAEMON_FILE_WRITE`
 */
export async function release(
  directory: string,
  certificate: Uint8Array,
  serial: string,
): Promise<void> {
  const path = join(directory, CA_FILES.issued, `${serial}.pem`);
  await writeFileAtomic(path, encodePem('CERTIFICATE', certificate), { mode: 0o644 });
}

async function releaseIssued(directory: string, { issued }: JournalState): Promise<void> {
  const folder = join(directory, CA_FILES.issued);
  const made = await mkdir(folder, { recursive: true, mode: 0o755 });
  if (made !== undefined) await flushDirectory(directory);
  const there = new Set(await readdir(folder));
  for (const { certificate } of issued.values()) {
    const serial = toHex(certificate.serialNumber);
    if (!there.has(`${serial}.pem`)) await release(directory, certificate.raw, serial);
  }
}

async function readRoot(path: string): Promise<Uint8Array> {
  const pem = await readBoundedFile(path, MAX_ROOT_BYTES);
  try {
    const [root, ...others] = decodePem(fromUtf8(pem), 'CERTIFICATE');
    if (root !== undefined && others.length === 0) return root;
  } catch (cause) {
    throw unreadable(path, cause);
  }
  throw unreadable(path);
}

function unreadable(path: string, cause?: unknown): CaError {
  return new CaError('ERR_CA_CERTIFICATE_UNREADABLE', `${path} does not hold one certificate`, {
    expected: 'one block of BEGIN CERTIFICATE',
    ...(cause === undefined ? {} : { cause }),
  });
}
