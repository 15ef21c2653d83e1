// SPDX-License-Identifier: Apache-2.0

/** An entry of an archive, owned by root. */
export interface CpioEntry {
  /** Without a slash in front. */
  readonly name: string;
  /** Type and permissions as in stat(2). */
  readonly mode: number;
  readonly content?: Uint8Array;
}

/** Of a directory that everybody may read, and of a program that everybody may run. */
export const DIRECTORY = 0o040_755;
export const PROGRAM = 0o100_755;

/** An archive in the format that the kernel unpacks as its first root directory (cpio(5), "New ASCII Format"). */
export function cpioOf(entries: readonly CpioEntry[]): Buffer {
  const end = { name: 'TRAILER!!!', mode: 0 };
  return Buffer.concat([...entries, end].flatMap((entry, at) => recordOf(entry, at + 1)));
}

function recordOf(
  { name, mode, content = Buffer.alloc(0) }: CpioEntry,
  inode: number,
): Uint8Array[] {
  const links = 1;
  const fields = [inode, mode, 0, 0, links, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
  const numbers = fields.map((field) => field.toString(16).padStart(8, '0')).join('');
  const header = Buffer.from(`070701${numbers}${name}\0`);
  return [header, padding(header.length), content, padding(content.length)];
}

/** To a multiple of four. */
function padding(length: number): Uint8Array {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
