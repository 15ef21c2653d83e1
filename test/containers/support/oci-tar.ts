// SPDX-License-Identifier: Apache-2.0

/** Kinds of tar entries and their type flags (POSIX pax, "ustar Interchange Format"). */
const TYPE_FLAGS = {
  file: '0',
  link: '1',
  symlink: '2',
  'character-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
  pax: 'x',
} as const;

/** One entry of a layer. Nothing is checked: hostile archives are made with it, too. */
export interface LayerEntry {
  /** As it goes into the archive: `bin/busybox`, `../escape`, `/absolute`. */
  readonly name: string;
  /** @defaultValue 'file' */
  readonly type?: keyof typeof TYPE_FLAGS;
  readonly content?: Uint8Array | string;
  /** Target of a link. */
  readonly target?: string;
  /** @defaultValue 0o755 for directories, else 0o644 */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Device number. */
  readonly device?: readonly [major: number, minor: number];
  /** Size in the header, if it is to be a lie. */
  readonly claimedSize?: number;
}

const BLOCK = 512;
/** Longer ones need a pax header. */
const MAX_USTAR_NAME = 100;

/** Writes a tar archive; every time is 0, so the same entries are the same bytes. */
export function tarOf(entries: readonly LayerEntry[]): Buffer {
  const parts = entries.flatMap((entry) => [...paxOf(entry), ...plainEntry(entry)]);
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function plainEntry(entry: LayerEntry): readonly Uint8Array[] {
  const content = Buffer.from(entry.content ?? '');
  return [header(entry, content.length), content, Buffer.alloc(padding(content.length))];
}

function paxOf({ name, target = '' }: LayerEntry): readonly Uint8Array[] {
  const records = [
    ...(Buffer.byteLength(name) > MAX_USTAR_NAME ? [paxRecord('path', name)] : []),
    ...(Buffer.byteLength(target) > MAX_USTAR_NAME ? [paxRecord('linkpath', target)] : []),
  ];
  if (records.length === 0) return [];
  return plainEntry({ name: 'pax', type: 'pax', content: records.join('') });
}

/** `<length of all of it> <key>=<value>\n`. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + String(bytes).length;
  if (String(length).length > String(bytes).length) length += 1;
  return `${String(length)}${rest}`;
}

function header(entry: LayerEntry, size: number): Buffer {
  const { type = 'file', device = [0, 0] } = entry;
  const block = Buffer.alloc(BLOCK);
  block.write(cut(entry.name), 0);
  writeOctal(block, 100, 8, entry.mode ?? (type === 'directory' ? 0o755 : 0o644));
  writeOctal(block, 108, 8, entry.uid ?? 0);
  writeOctal(block, 116, 8, entry.gid ?? 0);
  writeOctal(block, 124, 12, entry.claimedSize ?? size);
  writeOctal(block, 136, 12, 0);
  block.write('        ', 148);
  block.write(TYPE_FLAGS[type], 156);
  block.write(cut(entry.target ?? ''), 157);
  block.write('ustar\u000000', 257);
  writeOctal(block, 329, 8, device[0]);
  writeOctal(block, 337, 8, device[1]);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function cut(text: string): string {
  return Buffer.from(text).subarray(0, MAX_USTAR_NAME).toString('latin1');
}

function writeOctal(block: Buffer, at: number, width: number, value: number): void {
  block.write(value.toString(8).padStart(width - 1, '0'), at);
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
