// SPDX-License-Identifier: Apache-2.0
import { tooLarge } from '../image-refusal.ts';
import { checkEntry, type LayerFindings, NO_FINDINGS, type TarEntry } from './layer-policy.ts';
import { parsePaxRecords } from './pax-records.ts';
import { isZero, parseTarHeader, TAR_BLOCK, type TarHeader, unreadable } from './tar-header.ts';

/** Longest pax header or long name: extended attributes of one file have 64 KiB at most. */
const MAX_EXTRA_BYTES = 1024 * 1024;

/** Types of entries that have no body. */
const BODILESS = '123456';
/** Fields of a pax header that change what is unpacked where. */
const POSITION_KEYS = ['path', 'linkpath', 'size'] as const;

/**
 * Walks through a tar archive as it passes by, without keeping bodies, and stops it when an entry is not acceptable.
 * It reads the formats that image builders write, and refuses whatever two readers could understand differently.
 */
export class TarScan {
  readonly #what: string;
  readonly #maxEntries: number;
  readonly #block: Buffer = Buffer.alloc(TAR_BLOCK);
  #filled = 0;
  /** Bytes of body and padding that are still to come. */
  #skip = 0;
  /** The body that is being collected: a pax header or a long name. */
  #extra: { readonly header: TarHeader; readonly body: Buffer; filled: number } | undefined;
  #pax: ReadonlyMap<string, string> | undefined;
  #longName: string | undefined;
  #longTarget: string | undefined;
  #zeroBlocks = 0;
  #findings: LayerFindings = NO_FINDINGS;

  /**
   * @param what - names the layer in messages
   * @param maxEntries - most entries that are accepted
   */
  constructor(what: string, maxEntries: number) {
    this.#what = what;
    this.#maxEntries = maxEntries;
  }

  /**
   * Takes the next bytes.
   *
   * @throws LauncherError ERR_LAUNCHER_IMAGE_REFUSED, ERR_LAUNCHER_IMAGE_TOO_LARGE
   */
  write(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const count = Math.min(this.#skip, chunk.length - at);
        this.#collect(chunk.subarray(at, at + count));
        this.#skip -= count;
        at += count;
        if (this.#skip === 0) this.#endBody();
      } else {
        const count = Math.min(TAR_BLOCK - this.#filled, chunk.length - at);
        this.#block.set(chunk.subarray(at, at + count), this.#filled);
        this.#filled += count;
        at += count;
        if (this.#filled === TAR_BLOCK) this.#takeBlock();
      }
    }
  }

  /**
   * What was found, when all bytes have passed.
   *
   * @throws LauncherError ERR_LAUNCHER_IMAGE_REFUSED when the archive ends in the middle of something
   */
  finish(): LayerFindings {
    const pending = this.#pax ?? this.#longName ?? this.#longTarget;
    if (this.#skip > 0 || this.#filled > 0 || pending !== undefined) {
      throw unreadable(this.#what, 'an archive that ends too early');
    }
    return this.#findings;
  }

  #takeBlock(): void {
    this.#filled = 0;
    // Two blocks of zeros end an archive. What comes after them is not looked at by engines, so it has to be padding.
    if (this.#zeroBlocks >= 2) {
      if (!isZero(this.#block)) throw unreadable(this.#what, 'bytes after the end of the archive');
      return;
    }
    const header = parseTarHeader(this.#block, this.#what);
    if (header === undefined) {
      this.#zeroBlocks += 1;
      return;
    }
    if (this.#zeroBlocks > 0) throw unreadable(this.#what, 'a block of zeros between entries');
    if ('xgLK'.includes(header.type)) this.#beginExtra(header);
    else this.#takeEntry(header);
  }

  #beginExtra(header: TarHeader): void {
    if (header.size > MAX_EXTRA_BYTES) {
      throw tooLarge(`header in ${this.#what} is too long`, MAX_EXTRA_BYTES, header.size);
    }
    this.#extra = { header, body: Buffer.alloc(header.size), filled: 0 };
    this.#skip = padded(header.size);
    if (this.#skip === 0) this.#endBody();
  }

  #collect(bytes: Uint8Array): void {
    const extra = this.#extra;
    if (extra === undefined) return;
    const wanted = bytes.subarray(0, extra.body.length - extra.filled);
    extra.body.set(wanted, extra.filled);
    extra.filled += wanted.length;
  }

  #endBody(): void {
    const extra = this.#extra;
    if (extra === undefined) return;
    this.#extra = undefined;
    const { type } = extra.header;
    if (type === 'x') this.#takePax(parsePaxRecords(extra.body, this.#what));
    else if (type === 'g') this.#takeGlobalPax(parsePaxRecords(extra.body, this.#what));
    else this.#takeLongName(type, extra.body);
  }

  #takePax(records: ReadonlyMap<string, string>): void {
    if (this.#pax !== undefined) throw unreadable(this.#what, 'two pax headers for one entry');
    // Holes take no room in the archive and may take all of the disk.
    if ([...records.keys()].some((key) => key.startsWith('GNU.sparse.'))) {
      throw unreadable(this.#what, 'a sparse file');
    }
    this.#pax = records;
  }

  /** Go programs do not apply these to the entries that follow, others do. */
  #takeGlobalPax(records: ReadonlyMap<string, string>): void {
    if (POSITION_KEYS.some((key) => records.has(key))) {
      throw unreadable(this.#what, 'a name or size for all entries');
    }
  }

  #takeLongName(type: string, body: Buffer): void {
    const end = body.indexOf(0);
    const text = body.toString('latin1', 0, end === -1 ? body.length : end);
    const known = type === 'L' ? this.#longName : this.#longTarget;
    if (known !== undefined) throw unreadable(this.#what, 'two long names for one entry');
    if (type === 'L') this.#longName = text;
    else this.#longTarget = text;
  }

  #takeEntry(header: TarHeader): void {
    const entry = this.#complete(header);
    if (this.#findings.entries >= this.#maxEntries) {
      throw tooLarge(
        `entries in ${this.#what} are too many`,
        this.#maxEntries,
        this.#maxEntries + 1,
      );
    }
    this.#findings = checkEntry(entry, this.#findings, this.#what);
    // Some readers skip the body of such an entry, others take it for the next header.
    if (BODILESS.includes(entry.type) && entry.size > 0) {
      throw unreadable(this.#what, 'a link, directory or device with a body');
    }
    this.#skip = padded(entry.size);
  }

  #complete(header: TarHeader): TarEntry {
    const pax = this.#pax;
    const long = { name: this.#longName, target: this.#longTarget };
    this.#pax = undefined;
    this.#longName = undefined;
    this.#longTarget = undefined;
    if (pax !== undefined && (long.name ?? long.target) !== undefined) {
      throw unreadable(this.#what, 'both a pax header and a long name for one entry');
    }
    const name = firstText(pax?.get('path'), long.name, header.name);
    return {
      name,
      target: firstText(pax?.get('linkpath'), long.target, header.target),
      mode: header.mode,
      size: this.#paxSize(pax?.get('size')) ?? header.size,
      type: typeOf(header.type, name),
    };
  }

  #paxSize(text: string | undefined): number | undefined {
    if (text === undefined || text === '') return undefined;
    const size = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(size)) throw unreadable(this.#what, 'a pax size that is no number');
    return size;
  }
}

/** An empty record leaves what was there before. */
function firstText(...texts: readonly (string | undefined)[]): string {
  return texts.find((text) => text !== undefined && text !== '') ?? '';
}

/** Old archives have NUL for files, and a slash at the end of directories. */
function typeOf(flag: string, name: string): string {
  const isFile = flag === '\0' || flag === '7' || flag === '0';
  if (!isFile) return flag;
  return name.endsWith('/') ? '5' : '0';
}

function padded(size: number): number {
  return Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
}
