// SPDX-License-Identifier: Apache-2.0

/* HPACK, RFC 7541: an encoder that takes any bytes for names and values, and a decoder for what servers answer. */

export type Field = readonly [name: string, value: string];

/** RFC 7541 appendix A; index 1 is first. A name without a value has the value of the empty string. */
const STATIC_TABLE: readonly Field[] = [
  ...fieldsOf(':authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http'),
  ...fieldsOf(':scheme=https|:status=200|:status=204|:status=206|:status=304|:status=400'),
  ...fieldsOf(':status=404|:status=500|accept-charset|accept-encoding=gzip, deflate'),
  ...fieldsOf('accept-language|accept-ranges|accept|access-control-allow-origin|age|allow'),
  ...fieldsOf('authorization|cache-control|content-disposition|content-encoding'),
  ...fieldsOf('content-language|content-length|content-location|content-range|content-type'),
  ...fieldsOf('cookie|date|etag|expect|expires|from|host|if-match|if-modified-since'),
  ...fieldsOf('if-none-match|if-range|if-unmodified-since|last-modified|link|location'),
  ...fieldsOf('max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh'),
  ...fieldsOf('retry-after|server|set-cookie|strict-transport-security|transfer-encoding'),
  ...fieldsOf('user-agent|vary|via|www-authenticate'),
];

function fieldsOf(text: string): Field[] {
  return text.split('|').map((entry): Field => {
    const [, name = '', value = ''] = /^(:?[^=]+)=?(.*)$/.exec(entry) ?? [];
    return [name, value];
  });
}

/** Characters by the length of their code, RFC 7541 appendix B; codes of one length follow each other in ASCII order. */
const HUFFMAN_LENGTHS: readonly (readonly [bits: number, characters: string])[] = [
  [5, '012aceiost'],
  [6, ' %-./3456789=A_bdfghlmnpru'],
  [7, ':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz'],
  [8, '&*,;XZ'],
  [10, '!"()?'],
  [11, "'+|"],
  [12, '#>'],
  [13, '\0$@[]~'],
  [14, '^}'],
  [15, '<`{'],
];
const HUFFMAN = huffmanCodes();

function huffmanCodes(): ReadonlyMap<string, string> {
  const codes = new Map<string, string>();
  let code = 0;
  let length = 0;
  for (const [bits, characters] of HUFFMAN_LENGTHS) {
    for (const character of characters) {
      code <<= bits - length;
      length = bits;
      codes.set(code.toString(2).padStart(bits, '0'), character);
      code += 1;
    }
  }
  return codes;
}

/** An integer with a prefix of `bits` bits, below flags in the first byte (RFC 7541 section 5.1). */
export function integer(value: number, bits: number, flags: number): Buffer {
  const limit = 2 ** bits - 1;
  if (value < limit) return Buffer.from([flags | value]);
  const bytes = [flags | limit];
  let rest = value - limit;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

/** A string as it is, without Huffman coding. */
export function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([integer(bytes.length, 7, 0), bytes]);
}

/** A literal field with a literal name, not indexed. */
export function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x00]), text(name), text(value)]);
}

/** A literal field with a literal name that goes into the dynamic table. */
export function literalIndexed(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x40]), text(name), text(value)]);
}

export const indexed = (index: number): Buffer => integer(index, 7, 0x80);

export const tableSizeUpdate = (size: number): Buffer => integer(size, 5, 0x20);

/** A header block of literals. */
export function block(...fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.map(([name, value]) => literal(name, value)));
}

/** Reads the header blocks of one direction of a connection. */
export class HpackDecoder {
  private readonly dynamic: Field[] = [];

  decode(bytes: Buffer): Field[] {
    const fields: Field[] = [];
    const cursor = new Cursor(bytes);
    while (!cursor.done) {
      const first = cursor.peek();
      if ((first & 0x80) !== 0) {
        fields.push(this.entry(cursor.integer(7)));
      } else if ((first & 0xe0) === 0x20) {
        if (cursor.integer(5) === 0) this.dynamic.length = 0;
      } else {
        const isIndexed = (first & 0x40) !== 0;
        const index = cursor.integer(isIndexed ? 6 : 4);
        const name = index === 0 ? cursor.text() : this.entry(index)[0];
        const field: Field = [name, cursor.text()];
        if (isIndexed) this.dynamic.unshift(field);
        fields.push(field);
      }
    }
    return fields;
  }

  private entry(index: number): Field {
    const found = STATIC_TABLE[index - 1] ?? this.dynamic[index - 1 - STATIC_TABLE.length];
    if (found === undefined) throw new Error(`no entry ${String(index)} in the header table`);
    return found;
  }
}

class Cursor {
  private offset = 0;
  private readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get done(): boolean {
    return this.offset >= this.bytes.length;
  }

  peek(): number {
    return this.bytes.readUInt8(this.offset);
  }

  integer(bits: number): number {
    const limit = 2 ** bits - 1;
    let value = this.bytes.readUInt8(this.offset) & limit;
    this.offset += 1;
    if (value < limit) return value;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes.readUInt8(this.offset);
      this.offset += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  text(): string {
    const huffman = (this.peek() & 0x80) !== 0;
    const length = this.integer(7);
    const bytes = this.bytes.subarray(this.offset, this.offset + length);
    this.offset += length;
    return huffman ? huffmanText(bytes) : bytes.toString('latin1');
  }
}

function huffmanText(bytes: Buffer): string {
  let result = '';
  let code = '';
  for (const byte of bytes) {
    for (const bit of byte.toString(2).padStart(8, '0')) {
      code += bit;
      const character = HUFFMAN.get(code);
      if (character === undefined) continue;
      result += character;
      code = '';
    }
  }
  if (code.includes('0') || code.length > 7) throw new Error(`no Huffman code ${code}`);
  return result;
}
