// SPDX-License-Identifier: Apache-2.0
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { Descriptor, VerifiedImage } from '../image/verified-image.ts';

/** Big enough that reading a layer is not a matter of calls. */
const READ_CHUNK_BYTES = 1024 * 1024;

/** Everything in a tar archive is a multiple of this (POSIX pax(1), "ustar Interchange Format"). */
const BLOCK_BYTES = 512;

/** One file of an archive: bytes, or the blob on disk that has them. */
interface ArchiveFile {
  readonly name: string;
  readonly size: number;
  readonly content: Uint8Array | string;
}

/**
 * Writes an image as an archive of an OCI image layout (OCI image-spec, image-layout.md). The documents and blobs are
 * in it byte by byte, so whoever reads it arrives at the same digests.
 *
 * @param image - blobs are read when the archive is
 * @param onBytes - called with how much of the {@link archivedBytes} has been read so far
 * @returns the archive; it fails when a blob does not have its size
 */
export function imageArchive(image: VerifiedImage, onBytes: (bytes: number) => void): Readable {
  return Readable.from(archive(archiveFiles(image), onBytes), { objectMode: false });
}

/** How many bytes of documents and blobs {@link imageArchive} reads in all. */
export function archivedBytes(image: VerifiedImage): number {
  return archiveFiles(image).reduce((sum, { size }) => sum + size, 0);
}

async function* archive(
  files: readonly ArchiveFile[],
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let done = 0;
  for (const { name, size, content } of files) {
    yield header(name, size);
    let left = size;
    for await (const chunk of chunksOf(content)) {
      left -= chunk.length;
      if (left < 0) break;
      yield chunk;
      done += chunk.length;
      onBytes(done);
    }
    if (left !== 0) throw new Error(`${name} does not have its ${String(size)} bytes any more`);
    yield Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
  }
  yield Buffer.alloc(2 * BLOCK_BYTES);
}

async function* chunksOf(content: Uint8Array | string): AsyncGenerator<Uint8Array> {
  if (typeof content !== 'string') {
    yield content;
    return;
  }
  const file = createReadStream(content, { highWaterMark: READ_CHUNK_BYTES });
  for await (const chunk of file) yield chunk as Uint8Array; // no encoding: bytes
}

/** A layer that occurs twice is one blob. */
function archiveFiles(image: VerifiedImage): readonly ArchiveFile[] {
  const { manifest, configDocument, layers } = image;
  const index = { schemaVersion: 2, manifests: [descriptorOf(manifest)] };
  const blobs = new Map<string, ArchiveFile>();
  for (const { digest, bytes } of [manifest, configDocument]) {
    blobs.set(digest, { name: blobPath(digest), size: bytes.length, content: bytes });
  }
  for (const { descriptor, file } of layers) {
    const { digest, size } = descriptor;
    blobs.set(digest, { name: blobPath(digest), size, content: file });
  }
  return [
    jsonFile('oci-layout', { imageLayoutVersion: '1.0.0' }),
    jsonFile('index.json', index),
    ...blobs.values(),
  ];
}

function jsonFile(name: string, value: object): ArchiveFile {
  const content = Buffer.from(JSON.stringify(value));
  return { name, size: content.length, content };
}

function descriptorOf({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/** Of a regular file that root may read; the names here have less than 100 characters. */
function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(name, 0, 'latin1');
  block.write('0000600\0', 100, 'latin1');
  block.write('0000000\0', 108, 'latin1');
  block.write('0000000\0', 116, 'latin1');
  writeSize(block, size);
  block.write('00000000000\0', 136, 'latin1');
  block.write('        ', 148, 'latin1');
  block.write('0', 156, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** Octal digits; from 8 GiB on binary, marked by the highest bit, as every reader of tar archives understands it. */
function writeSize(block: Buffer, size: number): void {
  const digits = size.toString(8);
  if (digits.length <= 11) {
    block.write(`${digits.padStart(11, '0')}\0`, 124, 'latin1');
    return;
  }
  block[124] = 0x80;
  block.writeBigUInt64BE(BigInt(size), 128);
}
