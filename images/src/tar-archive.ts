// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { ImagesError } from './errors.ts';

/** POSIX.1-1988 (ustar): everything is in blocks of this size, and two zero blocks end the archive. */
const BLOCK = 512;

/** Field sizes of a ustar header. */
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;

/** Content of a file: bytes, or a file to copy that was hashed (hex SHA-256) and measured (bytes) before. */
export type TarContent =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'file';
      readonly file: string;
      readonly size: number;
      readonly sha256: string;
    };

/** What an archive holds. Owner is always 0:0. */
export type TarEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly mode: number;
      readonly content: TarContent;
    };

/**
 * Writes a tar archive whose bytes depend on the arguments alone: plain ustar headers, numeric owner 0, one time for all.
 *
 * @param entries In the order in which they go into the archive; paths are relative, `/`-separated, without a trailing slash.
 * @param mtime Seconds since 1970 for every entry.
 * @throws {@link ImagesError} `ERR_IMAGES_PATH_TOO_LONG`, `ERR_IMAGES_INPUT_CHANGED`.
 */
export async function* tarArchive(
  entries: readonly TarEntry[],
  mtime: number,
): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    if (entry.kind === 'directory') {
      yield header({ path: `${entry.path}/`, mode: entry.mode, size: 0, type: '5', mtime });
    } else {
      const size = contentSize(entry.content);
      yield header({ path: entry.path, mode: entry.mode, size, type: '0', mtime });
      yield* readContent(entry.content);
      yield new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);
    }
  }
  yield new Uint8Array(2 * BLOCK);
}

function contentSize(content: TarContent): number {
  return content.kind === 'bytes' ? content.bytes.length : content.size;
}

async function* readContent(content: TarContent): AsyncGenerator<Uint8Array> {
  if (content.kind === 'bytes') {
    yield content.bytes;
    return;
  }
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(content.file)) {
    // A stream without an encoding yields Buffers.
    const bytes = chunk as Buffer;
    hash.update(bytes);
    yield bytes;
  }
  const seen = hash.digest('hex');
  if (seen !== content.sha256) {
    throw new ImagesError('ERR_IMAGES_INPUT_CHANGED', `${content.file} changed while it was read`, {
      expected: content.sha256,
      seen,
      hint: 'build again when nothing writes to it',
    });
  }
}

interface Header {
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  readonly type: '0' | '5';
  readonly mtime: number;
}

function header({ path, mode, size, type, mtime }: Header): Uint8Array {
  const { prefix, name } = splitPath(path);
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 'latin1');
  block.write(octal(mode, 8), 100, 'latin1');
  block.write(octal(0, 8), 108, 'latin1'); // uid
  block.write(octal(0, 8), 116, 'latin1'); // gid
  block.write(octal(size, 12), 124, 'latin1');
  block.write(octal(mtime, 12), 136, 'latin1');
  block.write(' '.repeat(8), 148, 'latin1'); // the checksum counts itself as spaces
  block.write(type, 156, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  block.write(octal(0, 8), 329, 'latin1'); // device major
  block.write(octal(0, 8), 337, 'latin1'); // device minor
  block.write(prefix, 345, 'latin1');
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${checksum.toString(8).padStart(6, '0')}\u0000 `, 148, 'latin1');
  return block;
}

/** @returns `value` in octal digits that fill `width`, the last byte being NUL. */
function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\u0000`;
}

function splitPath(path: string): { readonly prefix: string; readonly name: string } {
  if (path.length <= NAME_BYTES) return { prefix: '', name: path };
  // The last slash that leaves a name short enough, but never the one that ends a directory's path.
  const slash = path.indexOf('/', path.length - NAME_BYTES - 1);
  if (slash <= 0 || slash > PREFIX_BYTES || slash === path.length - 1) {
    throw new ImagesError('ERR_IMAGES_PATH_TOO_LONG', `path does not fit into ustar: ${path}`, {
      expected: `a name of at most ${String(NAME_BYTES)} bytes below folders of at most ${String(PREFIX_BYTES)}`,
      seen: `${String(path.length)} bytes`,
    });
  }
  return { prefix: path.slice(0, slash), name: path.slice(slash + 1) };
}
