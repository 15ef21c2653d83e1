// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DaemonError, readBoundedFile } from '@proofgate/daemon';
import { CaError } from '../errors.ts';
import { readJournalChain, type JournalChain } from './journal-chain.ts';
import { journalHash, journalLine, type JournalEntry, type JournalEvent } from './journal-entry.ts';

/** A hundred thousand certificates; a journal is read as a whole. */
export const MAX_JOURNAL_BYTES: number = 256 * 1024 * 1024;

/**
 * Everything a CA did, in order, on disk before anybody sees it. Lines are only ever appended; each holds the hash of the
 * one before it, so that none can be changed, left out or put in later without all that follow. One process at a time
 * may have it open: see `lockDirectory`.
 */
export class Journal {
  readonly #path: string;
  readonly #entries: JournalEntry[];
  #head: string;
  #length: number;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string, chain: JournalChain) {
    this.#path = path;
    this.#entries = [...chain.entries];
    this.#head = chain.head;
    this.#length = chain.length;
  }

  /**
   * Opens a journal, or begins one. The rest of an append that was cut off by a crash is removed: nothing that it
   * recorded was released.
   *
   * @param path - the file
   * @throws CaError `ERR_CA_JOURNAL_INVALID`; DaemonError when the file cannot be read
   */
  static async open(path: string): Promise<Journal> {
    const chain = readJournalChain(await readJournalFile(path));
    if (chain.torn > 0) await cut(path, chain.length);
    return new Journal(path, chain);
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
   * @throws CaError `ERR_CA_JOURNAL_FAILED`: then nothing may be released
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
    if (this.#length + bytes.length > MAX_JOURNAL_BYTES) {
      throw new CaError('ERR_CA_JOURNAL_FAILED', 'the journal is full', {
        expected: `at most ${String(MAX_JOURNAL_BYTES)} bytes`,
        seen: String(this.#length + bytes.length),
      });
    }
    await this.#write(bytes, seq === 0);
    this.#entries.push(entry);
    this.#head = journalHash(line);
    this.#length += bytes.length;
  }

  async #write(bytes: Uint8Array, first: boolean): Promise<void> {
    const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
    try {
      const file = await open(this.#path, O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY, 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } catch (error) {
        // A disk that is full takes a part of the line: without it the next append would follow the rest of this one.
        await file.truncate(this.#length);
        throw error;
      } finally {
        await file.close();
      }
      if (first) await flushDirectory(dirname(this.#path));
    } catch (cause) {
      const message = `the journal ${this.#path} cannot be written`;
      throw new CaError('ERR_CA_JOURNAL_FAILED', message, { cause });
    }
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

async function flushDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
