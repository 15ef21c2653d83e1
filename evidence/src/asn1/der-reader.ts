// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from '../bytes/bytes.ts';
import { describeTag, readElement, type DerElement } from './der-element.ts';
import { derInvalid, derLimit } from './der-error.ts';
import { checkMinimalInteger, readBits, readSmallNumber, readText } from './der-primitives.ts';
import { contextTag, DER_TAG } from './der-tag.ts';
import { parseGeneralizedTime, parseUtcTime } from './der-time.ts';
import { decodeOid } from './object-identifier.ts';

/** Largest DER input: the largest structure we read is a revocation list of 1 MiB. */
export const MAX_DER_BYTES: number = 1024 * 1024;

/**
 * Deepest nesting. A certificate needs 8 levels; without a limit a few kilobytes of nested headers
 * exhaust the stack (CVE-2025-66031).
 */
export const MAX_DER_DEPTH = 16;

const EMPTY = new Uint8Array();

/**
 * Reads DER (ITU-T X.690, section 10) strictly, element by element.
 *
 * Lengths are definite and minimal, numbers and booleans canonical, tags below 31. Constructed
 * elements are read by a callback that has to consume all of them, so a structure with trailing
 * elements cannot pass by oversight. Arrays that a method returns are copies.
 *
 * @example
 * ```ts
 * const { r, s } = readDer(signature, (der) =>
 *   der.sequence((inner) => ({ r: inner.integer(), s: inner.integer() })),
 * );
 * ```
 */
export class DerReader {
  #bytes: Uint8Array;
  #depth = 0;
  #offset = 0;

  /** Prefer {@link readDer}, which also checks that nothing follows. Copies the input. */
  constructor(bytes: Uint8Array) {
    if (bytes.length > MAX_DER_BYTES) {
      throw derLimit(`DER input has ${bytes.length} bytes`, `at most ${MAX_DER_BYTES} bytes`);
    }
    this.#bytes = copyBytes(bytes);
  }

  /** Whether everything has been read. */
  get done(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** Whether the next element has this identifier octet. */
  nextIs(tag: number): boolean {
    return this.#bytes[this.#offset] === tag;
  }

  /** Reads SEQUENCE; `read` must consume all of it. */
  sequence<T>(read: (inner: DerReader) => T): T {
    return this.#nested(DER_TAG.sequence, read);
  }

  /** Reads SEQUENCE OF, calling `read` once an element. */
  sequenceOf<T>(read: (inner: DerReader) => T): T[] {
    return this.sequence((inner) => inner.repeat(read));
  }

  /** Reads SET; `read` must consume all of it. The order of SET OF is not checked here. */
  set<T>(read: (inner: DerReader) => T): T {
    return this.#nested(DER_TAG.set, read);
  }

  /** Reads the constructed element `[number]`; `read` must consume all of it. */
  context<T>(number: number, read: (inner: DerReader) => T): T {
    return this.#nested(contextTag(number, true), read);
  }

  /** Reads `[number]` if it comes next. */
  optionalContext<T>(number: number, read: (inner: DerReader) => T): T | undefined {
    return this.nextIs(contextTag(number, true)) ? this.context(number, read) : undefined;
  }

  /** Content octets of the primitive element `[number]`. */
  contextPrimitive(number: number): Uint8Array {
    return copyBytes(this.#take(contextTag(number, false)).content);
  }

  /** Content octets of the primitive element `[number]` if it comes next. */
  optionalContextPrimitive(number: number): Uint8Array | undefined {
    return this.nextIs(contextTag(number, false)) ? this.contextPrimitive(number) : undefined;
  }

  /** Calls `read` until everything has been read. */
  repeat<T>(read: (inner: DerReader) => T): T[] {
    const items: T[] = [];
    while (!this.done) items.push(read(this));
    return items;
  }

  /** The whole encoding of the next element, whatever it is. What is inside stays unread. */
  raw(): Uint8Array {
    const start = this.#offset;
    return this.#bytes.slice(start, this.#take().end);
  }

  /** The whole encoding of the next element, together with what `read` makes of it. */
  withRaw<T>(read: (inner: DerReader) => T): { raw: Uint8Array; value: T } {
    const start = this.#offset;
    const value = read(this);
    return { raw: this.#bytes.slice(start, this.#offset), value };
  }

  /** Content octets of INTEGER, minimal two's complement (X.690, section 8.3.2). */
  integer(): Uint8Array {
    const { content } = this.#take(DER_TAG.integer);
    checkMinimalInteger(content);
    return copyBytes(content);
  }

  /** INTEGER as a number of any size and sign. */
  bigInteger(): bigint {
    const content = this.integer();
    let value = 0n;
    for (const octet of content) value = (value << 8n) | BigInt(octet);
    return BigInt.asIntN(content.length * 8, value);
  }

  /** INTEGER from 0 to `max`, which is at most 2^31 - 1. */
  smallInteger(max: number): number {
    return readSmallNumber(this.integer(), max, 'INTEGER');
  }

  /** ENUMERATED from 0 to `max`. */
  enumerated(max: number): number {
    const { content } = this.#take(DER_TAG.enumerated);
    checkMinimalInteger(content);
    return readSmallNumber(content, max, 'ENUMERATED');
  }

  /** BOOLEAN, 00 or FF (X.690, section 11.1). */
  boolean(): boolean {
    const { content } = this.#take(DER_TAG.boolean);
    const [octet] = content;
    if (content.length !== 1 || (octet !== 0x00 && octet !== 0xff)) {
      throw derInvalid('BOOLEAN is not canonical', 'one octet, 00 or ff');
    }
    return octet === 0xff;
  }

  /** Content of a BIT STRING that holds whole bytes. */
  bitString(): Uint8Array {
    const { bytes, unusedBits } = readBits(this.#take(DER_TAG.bitString).content);
    if (unusedBits !== 0) throw derInvalid('BIT STRING does not hold whole bytes', '0 unused bits');
    return bytes;
  }

  /**
   * Numbers of the bits that are set in a BIT STRING of named bits.
   *
   * Trailing zero bits are taken although X.690, section 11.2.2, forbids them: AMD's ASK and ARK
   * have them, and the set of names is the same.
   */
  namedBits(): ReadonlySet<number> {
    const { bytes } = readBits(this.#take(DER_TAG.bitString).content);
    const set = new Set<number>();
    bytes.forEach((octet, index) => {
      for (let bit = 0; bit < 8; bit += 1) {
        if ((octet & (0x80 >> bit)) !== 0) set.add(index * 8 + bit);
      }
    });
    return set;
  }

  /** Content octets of OCTET STRING. */
  octetString(): Uint8Array {
    return copyBytes(this.#take(DER_TAG.octetString).content);
  }

  /** NULL. */
  null(): void {
    if (this.#take(DER_TAG.null).content.length !== 0) throw derInvalid('NULL has content');
  }

  /** OBJECT IDENTIFIER as dotted text. */
  oid(): string {
    return decodeOid(this.#take(DER_TAG.oid).content);
  }

  /** Whether the next element is a text that {@link text} decodes. */
  get nextIsText(): boolean {
    return (
      this.nextIs(DER_TAG.utf8String) ||
      this.nextIs(DER_TAG.printableString) ||
      this.nextIs(DER_TAG.ia5String)
    );
  }

  /** UTF8String, PrintableString or IA5String, each checked for its character set. */
  text(): string {
    const { tag, content } = this.#take();
    return readText(tag, content);
  }

  /** UTCTime or GeneralizedTime, in the forms of RFC 5280, section 4.1.2.5. */
  time(): Date {
    const { tag, content } = this.#take();
    // Any octet that is not a digit or Z fails the pattern, so reading octets as Latin-1 is enough
    // here.
    const text = String.fromCharCode(...content.subarray(0, 32));
    if (tag === DER_TAG.utcTime) return parseUtcTime(text);
    if (tag === DER_TAG.generalizedTime) return parseGeneralizedTime(text);
    throw derInvalid(`element ${describeTag(tag)} is not a time`, 'UTCTime or GeneralizedTime');
  }

  /** Refuses trailing bytes. */
  finish(): void {
    if (!this.done) {
      throw derInvalid(
        `${this.#bytes.length - this.#offset} bytes follow the last element`,
        'none',
      );
    }
  }

  #nested<T>(tag: number, read: (inner: DerReader) => T): T {
    const { content } = this.#take(tag);
    const inner = this.#inner(content);
    const value = read(inner);
    inner.finish();
    return value;
  }

  // A reader of a part shares the copy that the outermost reader made.
  #inner(content: Uint8Array): DerReader {
    const depth = this.#depth + 1;
    if (depth > MAX_DER_DEPTH) {
      throw derLimit(`DER is nested ${depth} levels deep`, `at most ${MAX_DER_DEPTH} levels`);
    }
    const inner = new DerReader(EMPTY);
    inner.#bytes = content;
    inner.#depth = depth;
    return inner;
  }

  #take(expectedTag?: number): DerElement {
    const element = readElement(this.#bytes, this.#offset, expectedTag);
    this.#offset = element.end;
    return element;
  }
}

/**
 * Reads one complete DER value.
 *
 * @param bytes the encoding, nothing before or after it
 * @param read reads the value; must consume all of it
 * @returns what `read` returns
 * @throws EvidenceError `ERR_DER_INVALID`, `ERR_DER_LIMIT`, and whatever `read` throws
 */
export function readDer<T>(bytes: Uint8Array, read: (reader: DerReader) => T): T {
  const reader = new DerReader(bytes);
  const value = read(reader);
  reader.finish();
  return value;
}
