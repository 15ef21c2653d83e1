// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DaemonError, readBoundedFile } from '@proofgate/daemon';
import { CaError } from '../errors.ts';
import { flushDirectory } from './flush-directory.ts';
import { readJournalChain, type JournalChain } from './journal-chain.ts';
import { journalHash, journalLine, type JournalEntry, type JournalEvent } from './journal-entry.ts';

/** A hundred thousand certificates; a journal is read as a whole. */
export const MAX_JOURNAL_BYTES: number = 256 * 1024 * 1024;

/** The last tenth is for revocations, lists and rotations: a CA that can issue no more must still be able to revoke. */
const ISSUING_SHARE = 0.9;

/** How a journal is opened. */
export interface JournalOptions {
  /** Looks at the entries before anything on disk is changed; throws to leave it as it is. */
  readonly check?: (entries: readonly JournalEntry[]) => void;
  /** Default: {@link MAX_JOURNAL_BYTES}. */
  readonly maxBytes?: number;
}

/**
 * Everything a CA did, in order, on disk before anybody sees it. Lines are only ever appended; each holds the hash of the
 * one before it, so that none can be changed, left out or put in later without all that follow. One process at a time
 * may have it open: see `lockDirectory`.
 */
export class Journal {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #entries: JournalEntry[];
  #head: string;
  #length: number;
  /** Of the file, once there is one: a file in its place is another one, however long it is. */
  #inode: number | undefined;
  #last: Promise<unknown> = Promise.resolve();
  /** Set when the file may end in something that is not in {@link entries}: whatever followed it would be lost. */
  #broken = false;

  private constructor(
    path: string,
    chain: JournalChain,
    inode: number | undefined,
    maxBytes: number,
  ) {
    this.#path = path;
    this.#inode = inode;
    this.#maxBytes = maxBytes;
    this.#entries = [...chain.entries];
    this.#head = chain.head;
    this.#length = chain.length;
  }

  /**
   * Opens a journal, or begins one. The rest of an append that was cut off by a crash is removed: nothing that it
   * recorded was released.
   *
   * @param path - the file
   * @param options - a check and a limit
   * @throws CaError `ERR_CA_JOURNAL_INVALID`, or what the check throws; DaemonError when the file cannot be read
   */
  static async open(
    path: string,
    { check, maxBytes = MAX_JOURNAL_BYTES }: JournalOptions = {},
  ): Promise<Journal> {
    const file = await stat(path).catch(() => undefined);
    const chain = readJournalChain(await readJournalFile(path));
    check?.(chain.entries);
    if (chain.torn > 0) await cut(path, chain.length);
    return new Journal(path, chain, file?.ino, maxBytes);
  }

  /** In order. */
  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  /** Hash of the last line: who keeps it elsewhere can tell later that nothing before it was changed. */
  get head(): string {
    return this.#head;
  }

  /**
   * Records what is about to be released. Appends of one process follow each other.
   *
   * @param event - what happened
   * @param at - the current time
   * @returns once the line is on disk
   * @throws CaError `ERR_CA_JOURNAL_FAILED`, or `ERR_CA_JOURNAL_INVALID` when somebody else changed the file: then nothing
   *   may be released
   */
  append(event: JournalEvent, at: Date): Promise<void> {
    const appended = this.#last.then(() => this.#append(event, at));
    this.#last = appended.catch(() => undefined);
    return appended;
  }

  async #append(event: JournalEvent, at: Date): Promise<void> {
    const seq = this.#entries.length;
    // A clock that was set back must not make the journal unreadable.
    const earliest = this.#entries.at(-1)?.time ?? '';
    const now = at.toISOString();
    const entry = { seq, time: now < earliest ? earliest : now, prev: this.#head, event };
    const line = journalLine(entry);
    const bytes = Buffer.from(`${line}\n`);
    this.#requireRoom(event, bytes.length);
    await this.#write(bytes, seq === 0);
    this.#entries.push(entry);
    this.#head = journalHash(line);
    this.#length += bytes.length;
  }

  #requireRoom({ type }: JournalEvent, bytes: number): void {
    const grows = type === 'init' || type === 'issue';
    const most = grows ? Math.floor(this.#maxBytes * ISSUING_SHARE) : this.#maxBytes;
    if (this.#length + bytes <= most) return;
    throw new CaError('ERR_CA_JOURNAL_FAILED', 'the journal is full', {
      expected: `at most ${String(most)} bytes for an entry of type ${type}`,
      seen: String(this.#length + bytes),
    });
  }

  async #write(bytes: Uint8Array, first: boolean): Promise<void> {
    if (this.#broken) {
      throw new CaError('ERR_CA_JOURNAL_FAILED', `the end of ${this.#path} is not known`, {
        expected: 'a failed write that could be undone',
        hint: 'make the disk writable and start again: opening the journal repairs it',
      });
    }
    try {
      await this.#writeFlushed(bytes, first);
    } catch (cause) {
      if (cause instanceof CaError) throw cause;
      const message = `the journal ${this.#path} cannot be written`;
      throw new CaError('ERR_CA_JOURNAL_FAILED', message, { cause });
    }
  }

  async #writeFlushed(bytes: Uint8Array, first: boolean): Promise<void> {
    const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
    const create = first ? O_CREAT : 0;
    const file = await open(this.#path, O_APPEND | create | O_NOFOLLOW | O_WRONLY, 0o600);
    try {
      try {
        await this.#requireSameFile(file);
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      if (first) await flushDirectory(dirname(this.#path));
    } catch (error) {
      // A file that is not ours is not ours to mend either.
      if (error instanceof CaError) throw error;
      // A disk that is full takes a part of the line: without it the next append would follow the rest of this one.
      await cut(this.#path, this.#length).catch(() => {
        this.#broken = true;
      });
      throw error;
    }
  }

  /** What follows a file that was replaced, cut or added to meanwhile would not be read when it is opened again. */
  async #requireSameFile(file: FileHandle): Promise<void> {
    const { size, ino } = await file.stat();
    this.#inode ??= ino;
    if (size === this.#length && ino === this.#inode) return;
    throw new CaError('ERR_CA_JOURNAL_INVALID', `the journal ${this.#path} was changed meanwhile`, {
      expected: `the file that was opened, with ${String(this.#length)} bytes`,
      seen: `${ino === this.#inode ? 'the same file' : 'another file'} with ${String(size)} bytes`,
      hint: 'end whatever else writes to it, restore it from a backup, and start again',
    });
  }
}

/**
 * The bytes of a journal; none when there is no file yet.
 *
 * @param path - the file
 * @throws DaemonError when it cannot be read
 */
export async function readJournalFile(path: string): Promise<Uint8Array> {
  try {
    return await readBoundedFile(path, MAX_JOURNAL_BYTES);
  } catch (error) {
    const missing = error instanceof DaemonError && error.code === 'ERR_DAEMON_FILE_MISSING';
    if (missing) return new Uint8Array();
    throw error;
  }
}

async function cut(path: string, length: number): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW);
  try {
    await file.truncate(length);
    await file.sync();
  } finally {
    await file.close();
  }
}
